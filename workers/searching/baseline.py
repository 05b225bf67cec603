"""The baseline of a search: as many networks drawn at random, trained alike, and kept apart from the searcher's.

Its trials are told to no searcher but its own; its journal is kept beside the search's.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from nas.asking.problem import Problem
from nas.errors import InfeasibleError
from nas.jobs.rows import BASELINE
from nas.ops.notation import write_network
from nas.report.results import LATENCY, TEST, ranked
from nas.search.arms import EXPLANATION, Arm, Difference, differences
from nas.search.lines import Line
from nas.search.loop import Search, Steps
from nas.searcher import searcher
from nas.space import Candidate
from nas.statistics.proportions import difference_interval
from nas.trial import Metrics, State, Trial
from workers.searching.context import SearchContext, epoch_listener
from workers.searching.finalists.repeats import SEEDS, rank_trials
from workers.searching.finalists.training import in_turn, train_finalists
from workers.searching.recording.progress_store import ResultStore

SEARCHER = "random"
LINES = 100
"""Lines of the journal that are kept under one name."""

Known = Callable[[Candidate], Metrics]


class KeptJournal:
    """A journal among the values that a store keeps, LINES of them under each name."""

    def __init__(self, store: ResultStore, name: str) -> None:
        self._store, self._name = store, name
        self._lines: list[Line] = []
        while known := store.known(self._part()):
            self._lines += known
            if len(known) < LINES:
                break

    def events(self) -> list[Line]:
        return list(self._lines)

    def add(self, event: Line) -> None:
        part, begin = self._part(), len(self._lines) // LINES * LINES
        self._lines.append(dict(event))
        self._store.keep(part, self._lines[begin:])

    def _part(self) -> str:
        """The name that the next line is kept under."""
        return f"{self._name}-{len(self._lines) // LINES}"


@dataclass(frozen=True, slots=True)
class Baseline:
    """The trials of the baseline, and those of them that would be its finalists."""

    search: Search
    chosen: Sequence[Trial]


def run_baseline(context: SearchContext, problem: Problem, other: Search, known: Known) -> Baseline | None:
    """As many trials as the other search has, unless the spec wants no baseline. known: as Steps.known.

    Networks that the other has trained are not trained again. It ends with fewer where chance finds no more networks
    within the limits.
    """
    if context.spec.baseline is None:
        return None
    context.listener.phase("BASELINE")
    total = len(other.trials)
    made = searcher.make(SEARCHER, problem, (context.spec.seed + 1) % SEEDS)
    search = Search(made, other.objective, KeptJournal(context.store, f"{BASELINE}-journal"))
    if search.finished < total:
        context.listener.say(f"baseline: {total} trials by random draws, trained as those of the search")
    try:
        search.run(_steps(context, search, other, known), max_trials=total, parallel=context.spec.parallel)
    except InfeasibleError as error:
        context.listener.say(f"the baseline ends after {search.finished} trials: {error}")
    ranking = rank_trials(context, problem, search, arm=BASELINE)
    return Baseline(search, in_turn(ranking.trials, other.objective)[: context.spec.finalists.count])


def _steps(context: SearchContext, search: Search, other: Search, known: Known) -> Steps:
    key, epochs = context.training_keys.trial, context.evaluator.epochs
    trained = {
        trial.candidate.architecture.network_id: trial.metrics
        for trial in other.trials.values()
        if trial.state is State.SUCCEEDED
    }

    def train(trial: Trial) -> Future[Metrics]:
        report = epoch_listener(context.listener, f"baseline trial {trial.number}", epochs)
        return context.evaluate(write_network(trial.candidate.architecture.expand()), report)

    def cached(candidate: Candidate) -> Metrics | None:
        network_id = candidate.architecture.network_id
        if network_id in trained:
            return {name: value for name, value in trained[network_id].items() if not name.startswith("latency")}
        return context.cached_training(key(network_id), key(candidate.architecture.id))

    def report(trial: Trial) -> None:
        if trial.state is not State.RUNNING:
            context.listener.step("baseline trials", search.finished, search.max_trials)

    return Steps(
        known=known,
        train=train,
        cached_training=cached,
        store_training=lambda candidate, metrics: context.store_training(
            key(candidate.architecture.network_id), metrics
        ),
        report=report,
    )


def compared(
    context: SearchContext, baseline: Baseline, other: Search, finalists: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What both arms have found, in JSON values, after the baseline's finalists are trained as the other's were."""
    target = other.objective.target_latency_ms
    trials = [baseline.search.trials[number] for number in sorted(baseline.search.trials)]
    arms = Arm.of([other.trials[number] for number in sorted(other.trials)]), Arm.of(trials)
    found = differences(*arms, target, context.spec.seed)
    rows = train_finalists(context, baseline.chosen)
    best = [_best(each, target) for each in (finalists, rows)]
    if best[0] and best[1]:
        found.append(_tested(best[0]["metrics"][TEST], best[1]["metrics"][TEST], len(context.images.test)))
    done = [trial for trial in trials if trial.state is State.SUCCEEDED]
    value = {
        "searcher": SEARCHER,
        "explanation": EXPLANATION,
        "trials": len(trials),
        "reused": sum(trial.reused for trial in trials),
        "refused": baseline.search.refused,
        "columns": {
            "number": [trial.number for trial in done],
            "latency_ms": arms[1].latency_ms.tolist(),
            "accuracy": arms[1].accuracy.tolist(),
            "reward": arms[1].reward.tolist(),
        },
        "comparison": [each.describe() for each in found],
    }
    kept: dict[str, Any] = context.store.keep(BASELINE, value)
    return kept


def _best(finalists: Sequence[Mapping[str, Any]], target_ms: float) -> Mapping[str, Any] | None:
    """The best of an arm's finalists, by the first device's estimates: only the searcher's are measured."""
    estimated = [
        {**row, "metrics": {**row["metrics"], "latency_ms": row["metrics"]["estimated_latency_ms"]}}
        for row in finalists
    ]
    return next(iter(ranked(estimated, {LATENCY: target_ms})), None)


def _tested(ours: float, theirs: float, images: int) -> Difference:
    low, high = difference_interval(ours, theirs, images)
    return Difference("test accuracy of the best finalist", ours, theirs, low, high)
