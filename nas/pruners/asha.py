"""Asynchronous successive halving (ASHA, arXiv:1810.05934, algorithm 2), of one goal or several (arXiv:2106.12639)."""

from collections.abc import Sequence
from typing import Annotated

from nas.errors import SpecError
from nas.objective import Objective
from nas.pareto import Better, spread_fronts
from nas.pruner import Pruner, pruner
from nas.registry import described
from nas.trial import Trial

Point = tuple[float, ...]

EARLY = 1.2
"""So many times the share of 1/`reduction` goes on, as those that went on when there were few trials stay: of scores by
chance, in rehearsals of 200 trials."""


@pruner("asha")
class Asha(Pruner):
    """Trainings stop after `first_epochs`, and after `reduction` times as many epochs again and again. Of those that
    have come so far, the best share of 1/`reduction` goes on, as soon as there are enough to tell.

    The best are those with the highest reward. For an objective of several goals, such as `pareto`, they are the
    non-dominated ones, then the front of the others and so on; of a front that is too large, those that lie furthest
    apart. A training that has stopped goes on from its checkpoint when it is among the best later.
    """

    def __init__(
        self,
        objective: Objective,
        epochs: int,
        *,
        reduction: Annotated[
            int,
            described(
                "one in so many goes on at each rung, to so many times the epochs", "2 stops fewer", ge=2, le=100
            ),
        ] = 3,
        first_epochs: Annotated[
            int, described("epochs after which trials are looked at first", "more where early scores rank badly", ge=1)
        ] = 1,
    ) -> None:
        super().__init__(objective, epochs)
        if first_epochs >= epochs:
            raise SpecError(f"pruner.first_epochs: {first_epochs} must be less than the evaluator's {epochs} epochs")
        self._reduction = reduction
        self._better = [goal.better for goal in objective.goals]
        self._rungs: dict[int, _Rung] = {}
        while first_epochs < epochs:
            self._rungs[first_epochs] = _Rung(self._better)
            first_epochs *= reduction
        self._at: dict[int, int] = {}

    @property
    def rungs(self) -> Sequence[int]:
        return list(self._rungs)

    @property
    def mean_epochs(self) -> float:
        """If the same share goes on from each rung."""
        stops = [*self._rungs, self.epochs]
        legs = (end - begin for begin, end in zip([0, *stops], stops, strict=False))
        return sum(leg * (EARLY / self._reduction) ** passed for passed, leg in enumerate(legs))

    def reported(self, trial: Trial) -> None:
        values = [goal.of(trial) for goal in self.objective.goals]
        self._at[trial.number] = trial.rung
        self._rungs[trial.rung].add(trial.number, tuple(value for value in values if value is not None))

    def goes_on(self, trial: Trial) -> bool:  # noqa: ARG002 - a worker that is free looks for the best of all
        return False

    def promotable(self, *, last: bool) -> int | None:
        """The best of the highest rung that has one (algorithm 2, get_job)."""
        for rung in reversed(self._rungs.values()):
            count = max(int(last), len(rung) // self._reduction)
            if (number := rung.best_waiting(count)) is not None:
                return number
        return None

    def promoted(self, number: int) -> None:
        self._rungs[self._at[number]].promoted.add(number)

    def is_final(self, number: int, trials: int) -> bool:
        """Whether as many trials of its rung are better in all goals as can ever go on from there.

        Trials that went on when there were few stay among those who did, so any rung may get nearly all trials.
        """
        return self._rungs[self._at[number]].beaten_by[number] >= max(1, trials // self._reduction)


class _Rung:
    """The trials that have come to one rung. beaten_by: how many of these dominate each."""

    def __init__(self, better: Sequence[Better]) -> None:
        self._better = better
        self._points: dict[int, Point] = {}
        self._best: dict[int, list[int]] = {}
        self.promoted: set[int] = set()
        self.beaten_by: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._points)

    def add(self, number: int, point: Point) -> None:
        self._best.clear()
        self.beaten_by[number] = 0
        for other, theirs in self._points.items():
            self.beaten_by[number] += self._dominates(theirs, point)
            self.beaten_by[other] += self._dominates(point, theirs)
        self._points[number] = point

    def best_waiting(self, count: int) -> int | None:
        """The first of the best trials, so many, that was not promoted yet."""
        return next((number for number in self._of_best(count) if number not in self.promoted), None)

    def _of_best(self, count: int) -> list[int]:
        if count not in self._best:
            numbers = list(self._points)
            order = spread_fronts([self._points[number] for number in numbers], self._better, count)
            self._best[count] = [numbers[place] for place in order]
        return self._best[count]

    def _dominates(self, a: Point, b: Point) -> bool:
        no_worse = (x >= y if each is Better.HIGHER else x <= y for x, y, each in zip(a, b, self._better, strict=True))
        return a != b and all(no_worse)
