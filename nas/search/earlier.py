"""What a search takes over from earlier ones of its space: their trainings, frozen in JSON values when it begins."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite, nan
from typing import Any

import numpy as np

from nas.asking.codes import encode
from nas.asking.problem import Earlier
from nas.errors import NasError, SpecError
from nas.evaluator import EARLIER, RANDOM, start_of
from nas.metric import Source, metrics
from nas.space import Candidate, Space
from nas.spaces import load_space
from nas.trial import Metrics

Json = dict[str, Any]

AUTO = "auto"
"""In a spec: all earlier searches that suit."""

DIGEST, BEGAN_WITH = "digest", "began_with"
"""The names under which a search keeps what identifies its images; and its space and its evaluator."""

PREPARED = "prepared"
"""The name under which a search keeps which file has what its evaluations share, such as weights of a supernet."""

SHARED_START = "shared-start"
"""The name under which a search keeps which trained networks the weights that its networks share start from."""

EVALUATOR = "EVALUATOR_CHANGED"
"""Under BEGAN_WITH: the id of the evaluator's recipe, None if its results are not reused, and the epochs."""

MOST_TRAININGS = 1000
"""Trainings that are taken over from one search: half are its most accurate, half an even choice of the others."""


@dataclass(frozen=True, slots=True)
class EarlierSearch:
    """Trainings of an earlier search, {"choices", "id", "metrics"} each, with the id of the architecture.

    id: for programs; name: for people. images: the digest of its images. recipe: as under EVALUATOR.
    """

    id: str
    name: str
    images: str | None
    recipe: Sequence[Any] | None
    trainings: Sequence[Mapping[str, Any]]

    @property
    def task(self) -> list[Any] | None:
        return task_of(self.images, self.recipe)


def task_of(images: str | None, recipe: Sequence[Any] | None) -> list[Any] | None:
    """What two searches have in common whose trainings are worth the same; None where they never are."""
    return [images, *recipe] if images is not None and recipe and recipe[0] is not None else None


def taken_over(space: Space[Any], task: Sequence[Any] | None, searches: Iterable[EarlierSearch]) -> list[Json]:
    """What a search of this task takes over from each of others: {"id", "name", "same", "task", "trainings"}.

    Each training is {"choices", "network_id", "metrics"}. What the space does not know is left out, and of a network
    that several searches of the task trained, all but the first. same: whether the trainings are of the task.
    """
    found: list[Json] = []
    seen: set[str] = set()
    for search in searches:
        read = [(row, _candidate(space, row["choices"])) for row in search.trainings if _is_whole(row)]
        known = [(row, candidate) for row, candidate in read if candidate is not None]
        same = task is not None and search.task == task
        same = same and all(candidate.architecture.id == row["id"] for row, candidate in known)
        rows = []
        for row, candidate in known:
            network_id = candidate.architecture.network_id
            if same and network_id in seen:
                continue
            seen |= {network_id} if same else set()
            trained = {name: row["metrics"][name] for name in row["metrics"] if _is_trained(name)}
            rows.append({"choices": dict(candidate.choices), "network_id": network_id, "metrics": trained})
        about = {"id": search.id, "name": search.name, "same": same, "task": search.task or [search.id]}
        found.append({**about, "trainings": _bounded(rows)})
    return found


class TakenOver:
    """What a search begins with. rows: as taken_over gives them."""

    def __init__(self, rows: Sequence[Json]) -> None:
        self._rows = [row for row in rows if row["trainings"]]
        self.searches = [
            {"id": row["id"], "name": row["name"], "same": row["same"], "trainings": len(row["trainings"])}
            for row in rows
        ]

    def earlier(self, space: Space[Any]) -> tuple[Earlier, ...]:
        """By task, for searchers of the space that the trainings are of."""
        tasks: dict[str, list[Json]] = {}
        for row in self._rows:
            tasks.setdefault(str((row["same"], row["task"])), []).append(row)
        return tuple(_of_task(space, rows) for rows in tasks.values())

    def training(self, network_id: str) -> Metrics | None:
        """The metrics of a training that is worth the same as this search's; None if there was none."""
        return self._trained.get(network_id)

    @cached_property
    def _trained(self) -> dict[str, Metrics]:
        same = [row for row in self._rows if row["same"]]
        return {training["network_id"]: training["metrics"] for row in same for training in row["trainings"]}


NOTHING_TAKEN = TakenOver(())


def _of_task(space: Space[Any], rows: Sequence[Json]) -> Earlier:
    trainings = [training for row in rows for training in row["trainings"]]
    names = sorted({name for training in trainings for name in training["metrics"]})
    columns = {name: np.array([training["metrics"].get(name, nan) for training in trainings]) for name in names}
    codes = encode(space, [training["choices"] for training in trainings])
    return Earlier(", ".join(row["name"] for row in rows), codes, columns, rows[0]["same"])


def with_known_start(evaluator: Mapping[str, Any], kept: Mapping[str, Any] | None) -> dict[str, Any]:
    """An evaluator, as a spec has it, with the digest of what its preparation starts from.

    kept: what the search has under SHARED_START; None before it has anything.
    """
    if start_of(evaluator) != EARLIER or kept is None:
        return dict(evaluator)
    return {**evaluator, "start": kept["sha256"] or RANDOM}


def same_decisions(one: str | Mapping[str, Any], other: str | Mapping[str, Any]) -> bool:
    """Whether two spaces, as specs have them, ask the same; not if either is not known here."""
    try:
        return load_space(one).decisions() == load_space(other).decisions()
    except NasError:
        return False


def _candidate(space: Space[Any], choices: Mapping[str, int]) -> Candidate[Any] | None:
    """None if these are not the choices of a network of the space."""
    try:
        candidate = space.decode(choices)
    except SpecError:
        return None
    whole = dict(candidate.choices) == dict(choices) and candidate.architecture.refusal() is None
    return candidate if whole else None


def _is_whole(training: Mapping[str, Any]) -> bool:
    """Whether it was trained to its end, with numbers as the result."""
    known = training["metrics"]
    return "stopped_epoch" not in known and isfinite(known.get("accuracy", nan))


def _is_trained(metric: str) -> bool:
    declared = metrics().get(metric)
    return declared is not None and declared.source is Source.TRAINING


def _bounded(rows: list[Json]) -> list[Json]:
    if len(rows) <= MOST_TRAININGS:
        return rows
    order = sorted(range(len(rows)), key=lambda place: -rows[place]["metrics"]["accuracy"])
    half = MOST_TRAININGS // 2
    others = sorted(order[half:])
    even = np.linspace(0, len(others) - 1, half).astype(int)
    return [rows[place] for place in sorted([*order[:half], *(others[each] for each in even)])]
