"""The winner for a target on a device, and the front there."""

from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

from nas.metric import is_of_device
from nas.objective import LATENCY, Objective
from nas.pareto import Better, front
from nas.report.results import OnDevice
from nas.retargeting.goal import goal_on, limits_of
from nas.retargeting.trained import TrainedSearch
from nas.trial import Columns, Metrics
from nas.winner.choice import Ranking, Standing, ranked


@dataclass(frozen=True, slots=True)
class Answer:
    """The best of the trained networks for a target on a device, in the objective of this name.

    estimated: whether latencies were estimated for this answer, as the device is not one of the search's. networks:
    how many distinct ones were trained; unknown: how many of them have no latency on the device; within: how many keep
    the target. winner: None where none keeps the limits. front: of latency and posterior mean, by rising latency.
    fastest_ms, slowest_ms: of all networks, None where none has a latency. notes: what there is to say, for people.
    """

    device: str
    target_ms: float
    objective: str
    estimated: bool
    networks: int
    unknown: int
    within: int
    ranking: Ranking
    winner: Standing | None
    front: tuple[Standing, ...]
    fastest_ms: float | None
    slowest_ms: float | None
    notes: tuple[str, ...]

    def describe(self) -> dict[str, Any]:
        """In JSON values."""
        names = ("device", "objective", "estimated", "networks", "unknown", "within", "fastest_ms", "slowest_ms")
        method = self.ranking.method
        return {
            "target_latency_ms": self.target_ms,
            **{name: getattr(self, name) for name in names},
            "method": method.value,
            "explanation": method.words,
            "noise": self.ranking.noise,
            "winner": self.winner and _described(self.winner),
            "front": [_described(each) for each in self.front],
            "notes": [*self.notes],
        }


def answer(search: TrainedSearch, device: str, target_ms: float, estimates: Columns | None = None) -> Answer:
    """estimates: of a device that is not one of the search's, the columns of latency of search.codes, in ms, NaN where
    there is none.
    """
    own = search.device(device)
    goal = goal_on(search.objective, own, target_ms=target_ms)
    known = _metrics_on(search, own, estimates or {})
    ranking = ranked(search.networks, goal, {number: each for number, each in known.items() if _complete(each, goal)})
    standings = ranking.standings
    ms = [each.trial.metrics[LATENCY] for each in standings]
    points = [(latency, each.mean) for latency, each in zip(ms, standings, strict=True)]
    count = len(search.networks.trained)
    found = Answer(
        device=device,
        target_ms=target_ms,
        objective=goal.name,
        estimated=own is None,
        networks=count,
        unknown=count - len(standings),
        within=sum(latency <= target_ms for latency in ms),
        ranking=ranking,
        winner=next((each for each in standings if not goal.violation(each.trial.metrics)), None),
        front=tuple(standings[i] for i in front(points, (Better.LOWER, Better.HIGHER))),
        fastest_ms=min(ms, default=None),
        slowest_ms=max(ms, default=None),
        notes=(),
    )
    return _with_notes(found, search, own)


def _metrics_on(search: TrainedSearch, own: OnDevice | None, estimates: Columns) -> dict[int, Metrics]:
    """The metrics of each network by the number of its trial, with those of the device under their plain names."""
    trials = [each.trial for each in search.networks.trained]
    if own is not None:
        return {trial.number: _renamed(trial.metrics, own) for trial in trials}
    columns = {name: column for name, column in estimates.items() if is_of_device(name)}
    return {
        trial.number: _of_network(trial.metrics)
        | {name: float(column[row]) for name, column in columns.items() if isfinite(column[row])}
        for row, trial in enumerate(trials)
    }


def _renamed(values: Metrics, own: OnDevice) -> Metrics:
    suffix = own.latency.removeprefix(LATENCY)
    if not suffix:
        return values
    there = {name.removesuffix(suffix): value for name, value in values.items() if name.endswith(suffix)}
    return _of_network(values) | there


def _of_network(values: Metrics) -> dict[str, float]:
    """Those that no device decides."""
    return {name: value for name, value in values.items() if not is_of_device(name)}


def _complete(values: Metrics, goal: Objective) -> bool:
    """Whether the objective can judge a network with these."""
    return all(values.get(name) is not None for name in (LATENCY, *goal.needs, *goal.limits))


def _with_notes(found: Answer, search: TrainedSearch, own: OnDevice | None) -> Answer:
    notes = [] if search.note is None else [f"accuracies: {search.note}"]
    if found.objective != search.objective["name"]:
        notes.append(
            f"decided by `{found.objective}`, the best accuracy within the target, as the target has no part in the "
            f"search's objective `{search.objective['name']}`"
        )
    if (own is None or own.latency != LATENCY) and any(map(is_of_device, limits_of(search.objective))):
        notes.append("limits on latencies do not count, as they are for the search's devices")
    if found.unknown:
        notes.append(f"{found.unknown} of {found.networks} networks have no latency on {found.device}")
    if found.fastest_ms is not None and found.winner is None:
        notes.append(f"no trained network keeps the limits; the fastest takes {found.fastest_ms:.4g} ms")
    if found.slowest_ms is not None and found.target_ms > found.slowest_ms:
        notes.append(
            f"no trained network is slower than {found.slowest_ms:.4g} ms: what a longer latency would give, only a "
            "search with this target finds"
        )
    return replace(found, notes=tuple(notes))


def _described(standing: Standing) -> dict[str, Any]:
    latencies = {name: standing.trial.metrics.get(name) for name in (LATENCY, "latency_low_ms", "latency_high_ms")}
    return {"trial": standing.trial.number, **latencies, "mean_low": None, "mean_high": None, **standing.describe()}
