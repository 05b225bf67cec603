"""Pruners: which trainings go on, given what they and others scored after as many epochs."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from nas.objective import Objective
from nas.registry import Registry
from nas.trial import Trial


class Pruner(ABC):
    """Looks at each training after certain numbers of epochs, its rungs, and decides whether it goes on.

    A training that does not go on is pruned. Where it may still be promoted, its checkpoint is kept: when it is, the
    training goes on from there. The rate of a training follows its schedule over all epochs, however often it stops.

    A pruner is a function of objective, epochs, parameters, and the order of the calls of reported and promoted: a
    search that was killed goes on with a new pruner that is given these calls. The other methods change nothing.

    Keyword-only constructor parameters are the user's parameters; all have defaults. SpecError from the constructor if
    they do not fit the objective or the epochs. nas.testing.PrunerContract proves these promises.
    """

    name: ClassVar[str]

    def __init__(self, objective: Objective, epochs: int) -> None:
        """epochs: of a whole training, at least 2."""
        self.objective = objective
        self.epochs = epochs

    @property
    @abstractmethod
    def rungs(self) -> Sequence[int]:
        """Numbers of epochs after which a training stops to be looked at, rising and less than all."""

    @property
    def mean_epochs(self) -> float:
        """About how many epochs a trial is trained for, in the mean of many; all, if a pruner does not know. The time
        of a search is forecast by it.
        """
        return float(self.epochs)

    @abstractmethod
    def goes_on(self, trial: Trial) -> bool:
        """Whether a trial that has come to the rung trial.rung goes on at once; its metrics and reward are those of
        there. It is reported next, whatever the answer.
        """

    @abstractmethod
    def reported(self, trial: Trial) -> None:
        """The trial has come to the rung trial.rung.

        A trial comes to its rungs in their order. It does not come to the next if its training fails.
        """

    @abstractmethod
    def promotable(self, *, last: bool) -> int | None:
        """The number of the pruned trial that goes on now, before another trial is begun; None if none does.

        last: there are no other trials and none will come. Then at least one training must go on to all epochs.
        """

    @abstractmethod
    def promoted(self, number: int) -> None:
        """The pruned trial goes on."""

    @abstractmethod
    def is_final(self, number: int, trials: int) -> bool:
        """Whether the pruned trial cannot be promoted any more in a search of so many trials."""

    def next_stop(self, trial: Trial) -> int:
        """Up to how many epochs the trial is trained next."""
        return next((rung for rung in self.rungs if rung > trial.rung), self.epochs)


pruner: Registry[Pruner] = Registry("pruner", "nas.pruners")
