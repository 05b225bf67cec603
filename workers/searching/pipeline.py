"""A whole search: measure, search, train the finalists, export and test them, report."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from typing import Any

from latency_db.estimating.oracle import SpaceOracle
from latency_db.profiling.measurer import Measurer
from latency_db.storing.known_devices import find_device
from latency_db.storing.store import Store
from nas.asking.problem import Problem
from nas.dataset import Dataset
from nas.evaluator import evaluator, rank_check_of
from nas.forecast import Pace, Plan, plan_of
from nas.jobs.rows import PACE
from nas.objective import Objective
from nas.pruner import Pruner
from nas.report.results import outcome, targets
from nas.search.devices import KnownOnDevices
from nas.search.loop import Search
from nas.search.pre_filter import PreFilter
from nas.search.pruner import made_pruner
from nas.searcher import Searcher, searcher
from nas.space import SearchSpace
from nas.spaces import load_space
from nas.spec import SearchSpec
from nas.trial import Trial
from workers.executing.scheduler import Quota
from workers.searching.baseline import compared, run_baseline
from workers.searching.context import SearchContext, devices_of
from workers.searching.earlier.shared_start import with_start
from workers.searching.earlier.warm_start import describe_warm_start, notes_of_warm_start, warm_started
from workers.searching.finalists.classes import add_classes
from workers.searching.finalists.compressed_files import check_devices
from workers.searching.finalists.compression import check_compression, compress_finalists
from workers.searching.finalists.end_to_end import measure_end_to_end
from workers.searching.finalists.files import add_files, add_picture_files
from workers.searching.finalists.latency_notes import add_latency_notes
from workers.searching.finalists.quantised_files import quantise_finalists
from workers.searching.finalists.references import reference_rows, train_references
from workers.searching.finalists.repeats import rank_trials
from workers.searching.finalists.training import in_turn, train_finalists
from workers.searching.forecast import Forecast
from workers.searching.frozen_latencies import frozen_latencies
from workers.searching.opening import Opening
from workers.searching.preparation import prepared_file
from workers.searching.rank_check import NAME as RANK_CHECK
from workers.searching.rank_check import heeded
from workers.searching.recording.progress_listener import ProgressListener
from workers.searching.recording.progress_store import ProgressStore
from workers.searching.recording.run_description import (
    describe_evaluator,
    describe_run,
    notes_of_evaluator,
    notes_of_searcher,
)
from workers.searching.recording.training_keys import TrainingKeys
from workers.searching.run_record import RunRecord
from workers.searching.teaching import NAME as TEACHER
from workers.searching.teaching import describe_teacher, taught
from workers.searching.trials import metrics_before_training, run_trials
from workers.searching.within_reach import add_notes, exhausted, foreseen
from workers.searching.zero_cost import sample_scores, scored, scores_of
from workers.tasks.train import Setup


@dataclass(frozen=True, slots=True)
class Opened:
    """What a search has before its first trial. references: rows of the networks to compare with."""

    context: SearchContext
    space: SearchSpace
    goal: Objective
    references: list[dict[str, Any]]
    forecast: Forecast


class Pipeline:
    """One search from its spec to its report. A later call with the same store resumes it."""

    def __init__(
        self,
        spec: SearchSpec,
        store: ProgressStore,
        listener: ProgressListener,
        quota: Quota,
        *,
        threads: int,
        say_left: bool = False,
    ) -> None:
        """say_left: say with each phase how much time is left."""
        self._spec, self._store, self._listener, self._quota = spec, store, listener, quota
        self._setup = Setup.of(spec.dataset, spec.evaluator, seed=spec.seed, threads=threads)
        self._say_left = say_left
        self.search: Search | None = None
        self.forecast: Forecast | None = None

    def run(self, update_s: float | None = None) -> dict[str, Any]:
        """Returns the record of the search, which report.html shows; the files are also written every update_s.

        NasError if it cannot go on; what was finished stays.
        """
        spec, opened = self._spec, self._opened()
        context, space, goal, forecast = opened.context, opened.space, opened.goal, opened.forecast
        problem = problem_of(context, space, goal)
        self.search = Search(searcher_for(spec, problem), goal, self._store.journal, pruner_for(spec, goal))
        facts = describe_run(
            context.images,
            {on.name: on.measurer.device for on in context.devices},
            self.search.searcher,
            spec.objective,
        )
        facts |= describe_evaluator(context.evaluator, inherit=spec.finalists.inherit)
        facts |= describe_warm_start(context, self.search.searcher)
        facts |= describe_teacher(self._store.known(TEACHER), spec.teacher)
        for note in (*notes_of_searcher(facts), *notes_of_evaluator(facts), *notes_of_warm_start(facts)):
            context.listener.say(note)
        add_notes(context, facts, foreseen(context, space, goal))
        record = RunRecord(context, self.search, facts, update_s)
        context = self._prepared(context, space, facts)
        forecast.resumed(self.search.finished)
        forecast.phase("TRAINING")
        try:
            run_trials(context, self.search, record.update)
        finally:
            record.flush()
        add_notes(context, facts, exhausted(self.search))
        ranking = rank_trials(context, problem, self.search)
        record.ranking = ranking.describe()
        chosen = in_turn(ranking.trials, goal)[: spec.finalists.count]
        before = scored(partial(metrics_before_training, context), problem)
        baseline = run_baseline(context, problem, self.search, before)
        found = after_trials(context, record, forecast, opened.references, chosen)
        if baseline:
            record.baseline = compared(context, baseline, self.search, found["finalists"])
        return record.finish(found["references"], found["finalists"])

    def _prepared(self, context: SearchContext, space: SearchSpace, facts: dict[str, Any]) -> SearchContext:
        """With what the evaluator prepares, by the evaluator that its check leaves; facts get what that has found."""
        own = replace(context, prepared=prepared_file(context, space))
        found = self._store.known(RANK_CHECK)
        if found is None:
            return own
        inherit = context.spec.finalists.inherit
        facts |= describe_evaluator(context.evaluator, inherit=inherit, check=found)
        self._store.keep("facts", facts)
        chosen = heeded(own, rank_check_of(context.spec.evaluator))
        if chosen.evaluator is not own.evaluator and self.forecast:
            facts |= describe_evaluator(chosen.evaluator, inherit=False, check=found)
            self._store.keep("facts", facts)
            plan = self._plan(chosen.spec, context.images)
            self.forecast.replanned(plan, Pace.of_past(plan, self._store.paces()))
        return chosen

    def _plan(self, spec: SearchSpec, images: Dataset) -> Plan:
        return plan_of(spec, images, train=len(images.train), side=images.side, workers=self._quota.workers)

    def _opened(self) -> Opened:
        """Load the images, measure the devices and fix the target."""
        spec, store, listener = self._spec, self._store, self._listener
        listener.phase("STARTING")
        latencies = Store()
        devices = [find_device(latencies, name) for name in spec.device_names]
        opening = Opening(spec, store, listener, self._quota)
        images = opening.images()
        space = load_space(spec.space).for_images(images.channels, images.side, len(images.classes))
        check_devices(devices, space, spec.finalists)
        space.sample(Random(spec.seed))  # a space without members is refused, with the reason, before any measurement
        references = reference_rows(spec, images)
        images, setup = taught(opening, images, self._setup)
        spec = with_start(spec, store, listener, space)
        setup = replace(setup, evaluator=json.dumps(spec.evaluator))
        made = evaluator.make(spec.evaluator, setup.trial_images(images), spec.seed)
        opening.check_unchanged(space, made)
        plan = self._plan(spec, images)
        forecast = Forecast(listener, plan, Pace.of_past(plan, store.paces()), say_left=self._say_left)
        self.forecast = self._listener = listener = forecast
        listener.phase("MEASURING")
        opening = replace(opening, listener=listener)
        on = devices_of(spec, [Measurer(latencies, device) for device in devices])
        goal = opening.objective(on, space)
        keys = TrainingKeys(spec, made, setup.final_images(images))
        context = SearchContext(spec, store, listener, images, on, self._quota, setup, made, keys)
        check_compression(context)
        return Opened(warm_started(context, store, space), space, goal, references, forecast)


def after_trials(
    context: SearchContext,
    record: RunRecord,
    forecast: Forecast,
    references: list[dict[str, Any]],
    chosen: Sequence[Trial],
) -> dict[str, Any]:
    """Train, export and measure the references and the chosen trials; returns both under these names."""
    store, facts = context.store, record.facts
    forecast.phase("REFERENCES")
    references = store.keep("references", train_references(context, references))
    forecast.phase("FINALISTS")
    finalists = finalists_of(context, chosen)
    with forecast.measuring_networks((len(references) + len(finalists)) * len(context.spec.device_names)):
        measure_end_to_end(context, references, finalists)
    store.keep(PACE, forecast.pace())
    add_latency_notes(context, record.search.trials, finalists)
    found = outcome({**facts, "references": references, "finalists": finalists}, targets(facts))
    return {name: store.keep(name, found[name]) for name in ("references", "finalists")}


def problem_of(context: SearchContext, space: SearchSpace, goal: Objective) -> Problem:
    """What the searcher is given; what it knows without training is as it was when the search began."""
    known = {device.name: SpaceOracle(space, frozen_latencies(context, device)) for device in context.devices}
    scores, earlier = scores_of(context), context.taken.earlier(space)
    sample = sample_scores(context, space, scores)
    return Problem(space, goal, KnownOnDevices(known), earlier, scores=scores, scored=sample)


def searcher_for(spec: SearchSpec, problem: Problem) -> Searcher:
    """The spec's searcher, with a pre-filter of its proposals if the spec wants one."""
    made = searcher.make(spec.searcher, problem, spec.seed)
    choice = spec.zero_cost.pre_filter if spec.zero_cost else 1
    return PreFilter(made, choice) if choice > 1 else made


def pruner_for(spec: SearchSpec, goal: Objective) -> Pruner | None:
    """The spec's pruner, if it has one."""
    return made_pruner(spec.pruner, spec.evaluator, goal)


def finalists_of(context: SearchContext, chosen: Sequence[Trial]) -> list[dict[str, Any]]:
    """The chosen trials, trained for longer, with all their files."""
    finalists = train_finalists(context, chosen)
    compress_finalists(context, finalists)
    quantise_finalists(context, finalists)
    add_picture_files(context, finalists)
    add_classes(context, finalists)
    add_files(context, finalists)
    return finalists
