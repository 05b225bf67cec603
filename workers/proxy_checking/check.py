"""A whole proxy check: choose networks, train them briefly and for longer, compare the orders."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from latency_db.profiling.measurer import Measurer
from latency_db.storing.known_devices import find_device
from latency_db.storing.store import Store
from nas.errors import NotMeasuredError
from nas.evaluator import ScoredTwice, evaluator, rank_check_of
from nas.forecast import Pace, Plan, plan_of, plan_of_check, step_seconds
from nas.jobs.rows import PACE
from nas.metric import network_metrics
from nas.objective import Objective
from nas.ops.notation import write_network
from nas.proxy.candidates import Drawn, draw
from nas.proxy.judgement import Proxy
from nas.proxy.options import CheckOptions
from nas.proxy.request import budgets, with_longer
from nas.proxy.summary import summary
from nas.quantities import HOUR_S, duration, significant
from nas.space import Candidate, SearchSpace
from nas.spaces import load_space
from nas.spec import SearchSpec
from nas.trial import REFUSED_KERNELS, Metrics
from workers.executing.scheduler import Quota
from workers.proxy_checking.kinds import longer_training, short_training
from workers.proxy_checking.trainings import Trainings
from workers.searching.context import SearchContext, devices_of, known_now
from workers.searching.finalists.compressed_files import check_devices
from workers.searching.opening import Opening
from workers.searching.preparation import prepared_file
from workers.searching.recording.progress_listener import ProgressListener
from workers.searching.recording.progress_store import ResultStore
from workers.searching.recording.training_keys import TrainingKeys
from workers.searching.teaching import taught
from workers.tasks.train import Setup


@dataclass(frozen=True, slots=True)
class Cost:
    """search_seconds: what the search will take at the pace so far; None: not known. cores: that it keeps busy."""

    search_seconds: float | None
    cores: int

    def __str__(self) -> str:
        if self.search_seconds is None:
            return "how long the search takes is not known"
        hours = significant(self.search_seconds * self.cores / HOUR_S, 2)
        return f"the search: about {duration(self.search_seconds)} = {hours} CPU-hours"


class ProxyCheck:
    """One check of a search's proxy. A later call with the same store resumes it: finished trainings are kept."""

    def __init__(
        self,
        spec: SearchSpec,
        options: CheckOptions,
        store: ResultStore,
        listener: ProgressListener,
        quota: Quota,
        *,
        threads: int,
    ) -> None:
        self._budgets = budgets(spec, options)
        self._wanted, self._spec = spec, with_longer(spec, self._budgets.longer_epochs)
        self._options, self._store, self._listener, self._quota = options, store, listener, quota
        self._threads = threads
        self._trainings: Trainings | None = None

    def left_s(self) -> float | None:
        """Seconds until it has ended; None as long as that is not known."""
        return None if self._trainings is None else self._trainings.left_s()

    def run(self) -> dict[str, Any]:
        """Returns what it has found (nas.proxy.summary) and what the search will cost.

        NasError if it cannot go on; what was finished stays.
        """
        self._listener.phase("STARTING")
        context, space = self._opened()
        plan = self._plan(context)
        pace = Pace.of_past(plan, self._store.paces())
        self._say_cost(plan, pace)
        self._listener.phase("MEASURING")
        began_s = time.monotonic()
        goal = self._measured(context, space)
        measuring_s = time.monotonic() - began_s
        drawn = self._drawn(context, space, goal)
        context = replace(context, prepared=prepared_file(context, space))
        self._listener.phase("TRAINING")
        trainings = self._trainings = Trainings(context, replace(pace, measuring_s=measuring_s))
        found = self._compared(context, space, drawn, trainings)
        pace = trainings.pace()
        self._store.keep(PACE, pace.row(plan))
        return {**found, "cost": asdict(self._cost(plan, replace(pace, measuring_s=0.0)))}  # kernels are measured now

    def _opened(self) -> tuple[SearchContext, SearchSpace]:
        spec, store = self._spec, self._store
        opening = Opening(spec, store, self._listener, self._quota)
        latencies = Store()
        devices = [find_device(latencies, name) for name in spec.device_names]
        images = opening.images()
        space = load_space(spec.space).for_images(images.channels, images.side, len(images.classes))
        check_devices(devices, space, spec.finalists)
        plain = Setup.of(spec.dataset, spec.evaluator, seed=spec.seed, threads=self._threads)
        images, setup = taught(opening, images, plain)
        made = evaluator.make(spec.evaluator, setup.trial_images(images), spec.seed)
        opening.check_unchanged(space, made)
        keys = TrainingKeys(spec, made, setup.final_images(images))
        on = devices_of(spec, [Measurer(latencies, device) for device in devices])
        return SearchContext(spec, store, self._listener, images, on, self._quota, setup, made, keys), space

    def _plan(self, context: SearchContext) -> Plan:
        images = context.images
        return plan_of(self._wanted, images, train=len(images.train), side=images.side, workers=self._quota.workers)

    def _measured(self, context: SearchContext, space: SearchSpace) -> Objective:
        """The objective with its target, once kernels of the space are measured as a search measures them."""
        return Opening(self._spec, self._store, self._listener, self._quota).objective(context.devices, space)

    def _drawn(self, context: SearchContext, space: SearchSpace, goal: Objective) -> Drawn:
        """The networks to train, chosen now or by an earlier call."""
        count, name = self._options.candidates, f"proxy-candidates-{self._options.candidates}"
        kept = self._store.known(name)
        if kept is None:
            drawn = draw(space, goal, partial(_known, context), count=count, seed=self._spec.seed)
            choices = [dict(candidate.choices) for candidate in drawn.chosen]
            kept = self._store.keep(name, {"draws": drawn.draws, "refused": dict(drawn.refused), "choices": choices})
        drawn = Drawn(kept["draws"], kept["refused"], [space.decode(each) for each in kept["choices"]])
        self._listener.say(f"{drawn.valid.value:.0%} of {drawn.draws} random networks can be trained")
        if len(drawn.chosen) < count:
            self._listener.say(f"{len(drawn.chosen)} different networks were found, not {count}: all are trained")
        return drawn

    def _compared(
        self, context: SearchContext, space: SearchSpace, drawn: Drawn, trainings: Trainings
    ) -> dict[str, Any]:
        spec, chosen = self._spec, drawn.chosen
        seeds = range(spec.seed + 1, spec.seed + self._options.repeats)
        short = {candidate.architecture.network_id: short_training(context, candidate) for candidate in chosen}
        longer = {candidate.architecture.network_id: longer_training(context, candidate) for candidate in chosen}
        middle = chosen[len(chosen) // 2]
        trainings.plan([*short.values(), *longer.values()])
        trainings.plan(short_training(context, middle, seed) for seed in seeds)
        results = trainings.run([*short.values()])
        trained = [each for each in chosen if "accuracy" in results[short[each.architecture.network_id].name]]
        middle = middle if middle in trained or not trained else trained[len(trained) // 2]
        again = trainings.run([short_training(context, middle, seed) for seed in seeds])
        results |= trainings.run([longer[each.architecture.network_id] for each in trained])
        rows = [
            _row(context, each, results[short[network].name], results.get(longer[network].name, {}))
            for each in chosen
            for network in (each.architecture.network_id,)
        ]
        of_middle = [results[short[middle.architecture.network_id].name], *again.values()]
        repeats = [found["accuracy"] for found in of_middle if "accuracy" in found]
        prepared_epochs = context.evaluator.preparation_epochs
        proxy = Proxy(self._budgets.epochs, self._budgets.longer_epochs, prepared_epochs)
        is_corrected = rank_check_of(spec.evaluator) is not None
        judged = None if is_corrected else context.evaluator.correction(space, _scored_twice(chosen, rows))
        return summary(rows, repeats, drawn, proxy, repeated=middle.architecture.id, seed=spec.seed, judged=judged)

    def _say_cost(self, plan: Plan, pace: Pace) -> None:
        """Say what the check and the search will take, if that is known."""
        options, longer = self._options, self._budgets.longer_epochs
        check = plan_of_check(plan, candidates=options.candidates, repeats=options.repeats, longer_epochs=longer)
        steps, cost = step_seconds(check, pace), self._cost(plan, pace)
        if steps is None:
            self._listener.say("how long it takes is not known: no training was timed on this machine yet")
        else:
            self._listener.say(f"this check: about {duration(sum(steps.values()))}; {cost}")

    def _cost(self, plan: Plan, pace: Pace) -> Cost:
        steps = step_seconds(plan, pace)
        return Cost(None if steps is None else sum(steps.values()), plan.parallel * self._threads)


def _known(context: SearchContext, candidate: Candidate) -> Metrics:
    """Sizes and latency by what is measured now; without a latency where the device has none."""
    network = candidate.architecture.expand()
    try:
        return known_now(context.devices, network)
    except NotMeasuredError:
        return {REFUSED_KERNELS: 0, **network_metrics(network)}


def _row(context: SearchContext, candidate: Candidate, short: dict[str, Any], longer: dict[str, Any]) -> dict[str, Any]:
    network = candidate.architecture.expand()
    known = _known(context, candidate)
    row: dict[str, Any] = {"id": candidate.architecture.id, "notation": write_network(network)}
    row |= {name: known[name] for name in ("macs", "params", "latency_ms") if name in known}
    for name, found in (("proxy", short), ("longer", longer)):
        if "accuracy" in found:
            row[f"{name}_accuracy"] = found["accuracy"]
            row |= {f"{name}_seconds": found["train_seconds"]} if "train_seconds" in found else {}
        elif "reason" in found:
            row["reason"] = found["reason"]
    return row


def _scored_twice(chosen: Sequence[Candidate], rows: Sequence[dict[str, Any]]) -> list[ScoredTwice]:
    """The networks of the rows, without those of which a training failed."""
    return [
        ScoredTwice(candidate.architecture.expand(), row["proxy_accuracy"], row["longer_accuracy"])
        for candidate, row in zip(chosen, rows, strict=True)
        if "reason" not in row
    ]
