"""A search as its trained networks, and what is believed of their accuracies."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from nas.asking.codes import Codes, encode
from nas.asking.problem import Problem
from nas.metric import is_of_device, metrics
from nas.report.results import OnDevice
from nas.retargeting.goal import goal_on, own_devices, target_on
from nas.space import SearchSpace
from nas.spaces import load_space
from nas.trial import Columns, Metrics, State, Trial
from nas.winner.choice import Believed, believed
from nas.winner.repeats import repeats_in


@dataclass(frozen=True, slots=True)
class TrainedRow:
    """A trial that succeeded, as a ledger or a journal has it."""

    number: int
    choices: Mapping[str, int]
    metrics: Metrics
    reward: float


@dataclass(frozen=True, slots=True, eq=False)
class TrainedSearch:
    """What is known of a search for answers: what it is, and the distinct networks that it has trained.

    devices: its own, the first one first. objective: that of its spec. note: what its accuracies are, where they are
    not those of trained networks.
    """

    space: SearchSpace
    devices: tuple[OnDevice, ...]
    objective: Mapping[str, Any]
    note: str | None
    networks: Believed

    @classmethod
    def of(
        cls, spec: Mapping[str, Any], facts: Mapping[str, Any], rows: Iterable[TrainedRow], results: Mapping[str, Any]
    ) -> Self:
        """facts: of the search once it has begun. rows: at least one. results: what the search has kept, by name."""
        images = facts["dataset"]
        space = load_space(spec["space"]).for_images(images["channels"], images["side"], len(images["classes"]))
        devices = own_devices(spec, facts)
        goal = goal_on(spec["objective"], devices[0], target_ms=devices[0].target_ms or 1.0)
        trials = [
            Trial(row.number, space.decode(row.choices), State.SUCCEEDED, row.metrics, row.reward) for row in rows
        ]
        problem = Problem(space, goal, _Told(space, trials))
        note = facts.get("evaluator", {}).get("note")
        return cls(space, devices, spec["objective"], note, believed(problem, trials, repeats_in(results)))

    def device(self, name: str) -> OnDevice | None:
        """Its own device of this name; None if latencies on it have to be estimated."""
        return next((device for device in self.devices if device.name == name), None)

    def target_ms(self, name: str) -> float:
        """Its target on this device, or on its first if the device is not its own. SpecError if it has none."""
        return target_on(self.devices, name)

    @property
    def codes(self) -> Codes:
        """[networks, decisions]"""
        return encode(self.space, [each.trial.candidate.choices for each in self.networks.trained])


class _Told:
    """nas.asking.problem.Known of networks that were trained, by what their trials told of their sizes."""

    digest = ""

    def __init__(self, space: SearchSpace, trials: Sequence[Trial]) -> None:
        rows = encode(space, [trial.candidate.choices for trial in trials])
        self._trials = {row.tobytes(): trial.metrics for row, trial in zip(rows, trials, strict=True)}
        shared = set.intersection(*({*found} for found in self._trials.values()))
        known = [name for name, made in metrics().items() if made.known_before_training and not is_of_device(name)]
        self._names = [name for name in known if name in shared]

    def __call__(self, codes: Codes) -> Columns:
        found = [self._trials[row.tobytes()] for row in codes]
        return {name: np.array([each[name] for each in found], np.float64) for name in self._names}
