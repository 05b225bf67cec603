"""What became of the networks that a searcher proposed."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from nas.asking.codes import Codes, encode
from nas.asking.problem import Earlier
from nas.objective import Goal
from nas.searchers.predictor.curves import Curves
from nas.space import Space
from nas.surrogates.kernel import Values
from nas.trial import Metrics, State, Trial


@dataclass(frozen=True, slots=True)
class Seen:
    """Networks [n, decisions] with the mean [n] of what was seen of them in so many trials [n].

    What is expected of a pruned trial counts as less than one trial.
    """

    codes: Codes
    values: Values
    repeats: Values


class History:
    """Trials by the rows of their candidates.

    earlier: the results of other searches that count as this one's, as if they had been told first.
    """

    def __init__(self, space: Space[Any], earlier: Iterable[Earlier] = ()) -> None:
        self._space = space
        self._earlier = [row for each in earlier for row in _rows_of(each)]
        self._width = len(space.decisions())
        self._pending: Counter[bytes] = Counter()
        self._results: list[tuple[bytes, Trial]] = []
        self._known: list[tuple[bytes, Trial]] = []
        self._numbers: set[int] = set()
        self._trained = {key for key, _ in self._earlier}
        self.started = 0
        """Number of trials that were asked, without those that were refused."""

    def asked(self, trial: Trial) -> None:
        self._pending[self._key(trial)] += 1
        self.started += not trial.rungs

    def tell(self, trial: Trial) -> None:
        """Keep the results of trainings, each once: a network that is proposed again, or reused, tells no more.

        A trial that goes on after it was pruned has a result for each rung where it was.
        """
        key = self._key(trial)
        self._pending[key] -= 1
        if self._pending[key] <= 0:
            del self._pending[key]
        if trial.state is State.INFEASIBLE:
            self._known.append((key, trial))
            self.started -= 1
        told_before = trial.number in self._numbers or (trial.reused and key in self._trained)
        if trial.state is State.PRUNED and not told_before and not trial.reused:
            self._results.append((key, trial))
        if trial.state is State.SUCCEEDED and not told_before:
            self._numbers.add(trial.number)
            self._trained.add(key)
            self._results.append((key, trial))
            self._known.append((key, trial))

    @property
    def pending(self) -> Codes:
        """[p, decisions] networks whose trials have not ended."""
        return self._rows(list(self._pending))

    def seen(self, goal: Goal, first: int | None = None) -> Seen:
        """The values of a goal, for pruned trials those that it is expected to have after all epochs. first: by the
        first so many results, not by all.
        """
        earlier = [(key, metrics.get(goal.metric), 1.0) for key, metrics in self._earlier[:first]]
        results = self._results[: None if first is None else max(0, first - len(earlier))]
        latest = {trial.number: (key, trial) for key, trial in results}
        curves = Curves([trial for _, trial in latest.values()], goal)
        return self._values([*earlier, *((key, *curves.expected(trial)) for key, trial in latest.values())])

    def measured(self, metric: str, first: int | None = None) -> Seen:
        """The values of a metric that refused networks have too. first: as in seen, of refused ones too."""
        return self._values((key, trial.metrics.get(metric), 1.0) for key, trial in self._known[:first])

    @property
    def ended(self) -> int:
        """Number of trials that succeeded or were refused."""
        return len(self._known)

    def _values(self, found: Iterable[tuple[bytes, float | None, float]]) -> Seen:
        """Means of values with their weights, by the rows of networks."""
        weighted: defaultdict[bytes, list[tuple[float, float]]] = defaultdict(list)
        for key, value, weight in found:
            if value is not None and isfinite(value):
                weighted[key].append((value, weight))
        repeats = np.array([sum(weight for _, weight in each) for each in weighted.values()], np.float64)
        sums = np.array([sum(value * weight for value, weight in each) for each in weighted.values()], np.float64)
        return Seen(self._rows(list(weighted)), sums / repeats, repeats)

    @property
    def taken_over(self) -> int:
        """Number of results of other searches."""
        return len(self._earlier)

    def __len__(self) -> int:
        """Number of results, of other searches too."""
        return len(self._earlier) + len(self._results)

    def _key(self, trial: Trial) -> bytes:
        return encode(self._space, [trial.candidate.choices]).tobytes()

    def _rows(self, keys: Sequence[bytes]) -> Codes:
        return np.frombuffer(b"".join(keys), np.int16).reshape(len(keys), self._width)


def _rows_of(earlier: Earlier) -> Iterable[tuple[bytes, Metrics]]:
    """Each network's row, and those of its metrics that are numbers."""
    for place, row in enumerate(earlier.codes):
        values = {name: float(column[place]) for name, column in earlier.metrics.items()}
        yield row.tobytes(), {name: value for name, value in values.items() if isfinite(value)}
