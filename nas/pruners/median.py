"""The median stopping rule (Golovin et al., Google Vizier, KDD 2017, section 3.2.3)."""

from collections.abc import Sequence
from statistics import fmean, median
from typing import Annotated

from nas.errors import SpecError
from nas.objective import Objective
from nas.pruner import Pruner, pruner
from nas.registry import described
from nas.trial import Trial


@pruner("median")
class Median(Pruner):
    """After each epoch from `first_epochs` on, a training ends if its best reward so far is worse than the median of
    the mean rewards that others had up to the same epoch. The first `trials` trainings are compared with, and none of
    them ends. A training that has ended does not go on.
    """

    def __init__(
        self,
        objective: Objective,
        epochs: int,
        *,
        first_epochs: Annotated[
            int, described("epochs after which trials are looked at first", "more where early scores rank badly", ge=1)
        ] = 1,
        trials: Annotated[
            int, described("trials that come so far before any is stopped", "more where scores differ much", ge=1)
        ] = 5,
    ) -> None:
        super().__init__(objective, epochs)
        if len(objective.goals) > 1:
            raise SpecError(
                f"pruner: median compares one number, and the objective {objective.name} has several goals; choose asha"
            )
        if first_epochs >= epochs:
            raise SpecError(f"pruner.first_epochs: {first_epochs} must be less than the evaluator's {epochs} epochs")
        self._first, self._others = first_epochs, trials
        self._rewards: dict[int, list[float]] = {}

    @property
    def rungs(self) -> Sequence[int]:
        return range(self._first, self.epochs)

    @property
    def mean_epochs(self) -> float:
        """If half of the trials end at the first look, and the others, which were better by then, at the end."""
        return (self._first + self.epochs) / 2

    def goes_on(self, trial: Trial) -> bool:
        own = [*self._rewards.get(trial.number, ()), _reward(trial)]
        means = [
            fmean(rewards[: len(own)])
            for number, rewards in self._rewards.items()
            if number != trial.number and len(rewards) >= len(own)
        ]
        return len(means) < self._others or max(own) >= median(means)

    def reported(self, trial: Trial) -> None:
        self._rewards.setdefault(trial.number, []).append(_reward(trial))

    def promotable(self, *, last: bool) -> int | None:  # noqa: ARG002 - the contract
        return None

    def promoted(self, number: int) -> None:
        """Never called, as none is promotable."""

    def is_final(self, number: int, trials: int) -> bool:  # noqa: ARG002 - the contract
        return True


def _reward(trial: Trial) -> float:
    assert trial.reward is not None  # noqa: S101 - it has one at each rung
    return trial.reward
