"""What became of the networks that a searcher proposed."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from nas.codes import Codes, encode
from nas.objective import Goal
from nas.problem import Earlier
from nas.space import Space
from nas.surrogates.kernel import Values
from nas.trial import Metrics, State, Trial


@dataclass(frozen=True, slots=True)
class Seen:
    """Networks [n, decisions] with the mean [n] of what was seen of them in so many trials [n]."""

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
        self._succeeded: list[tuple[bytes, Trial]] = []
        self._known: list[tuple[bytes, Trial]] = []
        self._numbers: set[int] = set()
        self._trained = {key for key, _ in self._earlier}
        self.started = 0
        """Number of trials that were asked, without those that were refused."""

    def asked(self, trial: Trial) -> None:
        self._pending[self._key(trial)] += 1
        self.started += 1

    def tell(self, trial: Trial) -> None:
        """Keep the results of trainings, each once: a network that is proposed again, or reused, tells no more."""
        key = self._key(trial)
        self._pending[key] -= 1
        if self._pending[key] <= 0:
            del self._pending[key]
        if trial.state is State.INFEASIBLE:
            self._known.append((key, trial))
            self.started -= 1
        told_before = trial.number in self._numbers or (trial.reused and key in self._trained)
        if trial.state is State.SUCCEEDED and not told_before:
            self._numbers.add(trial.number)
            self._trained.add(key)
            self._succeeded.append((key, trial))
            self._known.append((key, trial))

    @property
    def pending(self) -> Codes:
        """[p, decisions] networks whose trials have not ended."""
        return self._rows(list(self._pending))

    def seen(self, goal: Goal, first: int | None = None) -> Seen:
        """The values of a goal. first: of the first so many trials that succeeded, not of all."""
        earlier = [(key, metrics.get(goal.metric)) for key, metrics in self._earlier[:first]]
        own = self._succeeded[: None if first is None else max(0, first - len(earlier))]
        return self._values([*earlier, *((key, goal.of(trial)) for key, trial in own)])

    def measured(self, metric: str, first: int | None = None) -> Seen:
        """The values of a metric that refused networks have too. first: as in seen, of refused ones too."""
        return self._values((key, trial.metrics.get(metric)) for key, trial in self._known[:first])

    @property
    def ended(self) -> int:
        """Number of trials that succeeded or were refused."""
        return len(self._known)

    def _values(self, pairs: Iterable[tuple[bytes, float | None]]) -> Seen:
        found: defaultdict[bytes, list[float]] = defaultdict(list)
        for key, value in pairs:
            if value is not None and isfinite(value):
                found[key].append(value)
        values = np.array([np.mean(each) for each in found.values()], np.float64)
        repeats = np.array([len(each) for each in found.values()], np.float64)
        return Seen(self._rows(list(found)), values, repeats)

    @property
    def taken_over(self) -> int:
        """Number of results of other searches."""
        return len(self._earlier)

    def __len__(self) -> int:
        """Number of trials that succeeded, in other searches too."""
        return len(self._earlier) + len(self._succeeded)

    def _key(self, trial: Trial) -> bytes:
        return encode(self._space, [trial.candidate.choices]).tobytes()

    def _rows(self, keys: Sequence[bytes]) -> Codes:
        return np.frombuffer(b"".join(keys), np.int16).reshape(len(keys), self._width)


def _rows_of(earlier: Earlier) -> Iterable[tuple[bytes, Metrics]]:
    """Each network's row, and those of its metrics that are numbers."""
    for place, row in enumerate(earlier.codes):
        values = {name: float(column[place]) for name, column in earlier.metrics.items()}
        yield row.tobytes(), {name: value for name, value in values.items() if isfinite(value)}
