"""Scores with shared weights, corrected by networks that were trained by themselves.

Shared weights suit some kinds of blocks more than others. With p the accuracy of a network trained by itself, s its
accuracy with shared weights, f_k the share of its layers that are of kind k, and m its multiply-adds,

    logit p = a + b logit s + sum_k w_k f_k + c log m

is a ridge regression, in which w and c are penalised (Hoerl and Kennard, Technometrics 12, 1970). How much, and whether
c is in it, is chosen by leave-one-out error, against the line a + b logit s, which leaves the order as it is. The
correction pays if its squared errors are less than the line's by more than one standard error of their difference.
Shapes: n networks, k kinds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from nas.ops import Network
from nas.ops.cost import network_cost
from nas.supernet.roles import Roles

PENALTIES = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Of squared weights: of the noise of logit p, as a variance, beside what the weights are expected to be."""

FEWEST = 8
"""Networks without which nothing is fitted."""

LEAST = 1e-3
"""Nearest to 0 and 1 that an accuracy is taken for: its logit is finite."""

ALWAYS = 2
"""Columns of a design that are not penalised: the constant and the score."""

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Traits:
    """What a correction reads of a network. kinds: the share of its layers that are of each kind of block."""

    kinds: Mapping[str, float]
    macs: float


@dataclass(frozen=True, slots=True)
class Correction:
    """The formula's a, b, w and c; kinds without a weight have none, and c is 0 where it was left out."""

    constant: float
    score: float
    kinds: Mapping[str, float]
    macs: float

    def of(self, accuracy: float, traits: Traits) -> float:
        """What a network with this accuracy by shared weights is expected to reach by itself, a fraction."""
        by_kind = sum(self.kinds.get(kind, 0.0) * share for kind, share in traits.kinds.items())
        return expit(self.constant + self.score * logit(accuracy) + by_kind + self.macs * log(traits.macs))


@dataclass(frozen=True, slots=True)
class Judged:
    """A correction, and whether it pays.

    correction: None where the line is as good, or too few networks were trained. left_out: the accuracy [n] that is
    expected of each network by what the others choose and fit. error, plain_error: root mean squares of what these,
    and those of the line, are off by, in accuracy; None without a correction that could be fitted. points: by kind,
    how far a network of that kind alone is underrated beside the mean of the networks, in accuracy.
    """

    correction: Correction | None
    left_out: tuple[float, ...]
    error: float | None
    plain_error: float | None
    points: Mapping[str, float]


def traits_of(roles: Roles, network: Network) -> Traits:
    """SpecError if the network is not of the roles' space."""
    layers = {role for _, _, role in roles.of(network) if role.startswith("stage")}
    found: dict[str, float] = {}
    for role in sorted(layers):
        kind = role.rpartition("/")[2]
        found[kind] = found.get(kind, 0.0) + 1 / len(layers)
    return Traits(found, float(network_cost(network).macs))


def fitted(shared: Sequence[float], alone: Sequence[float], traits: Sequence[Traits]) -> Judged:
    """The correction of scores [n] by the accuracies [n] of the same networks trained by themselves, if it pays."""
    count, kinds = len(shared), sorted({kind for each in traits for kind in each.kinds})
    if count < FEWEST:
        return Judged(None, tuple(shared), None, None, {})
    y, x = np.array([logit(each) for each in alone]), _design(shared, traits, kinds)
    rest = [np.delete(np.arange(count), out) for out in range(count)]
    by_line, by_choice = (
        np.array([float(x[out] @ fit(x[others], y[others])) for out, others in enumerate(rest)])
        for fit in (_line, _chosen)
    )
    weights = _chosen(x, y)
    pays = (
        bool(np.any(weights[ALWAYS:]))
        and float(weights[1]) > 0
        and _surely_less((by_choice - y) ** 2, (by_line - y) ** 2)
    )
    of_kinds = dict(zip(kinds, map(float, weights[ALWAYS:-1]), strict=True))
    correction = Correction(float(weights[0]), float(weights[1]), of_kinds, float(weights[-1]))
    left_out, plain = (tuple(map(expit, map(float, each))) for each in (by_choice, by_line))
    error, plain_error = (float(np.sqrt(_mean_square(np.array(each) - np.array(alone)))) for each in (left_out, plain))
    points = _points(of_kinds, x.mean(axis=0), weights)
    return Judged(correction if pays else None, left_out, error, plain_error, points)


def _design(shared: Sequence[float], traits: Sequence[Traits], kinds: Sequence[str]) -> Values:
    """Rows [n, 2 + k + 1]: the constant, the score, the kinds and the multiply-adds."""
    rows = [
        [1.0, logit(score), *(each.kinds.get(kind, 0.0) for kind in kinds), log(each.macs)]
        for score, each in zip(shared, traits, strict=True)
    ]
    return np.array(rows)


def _line(x: Values, y: Values) -> Values:
    """The weights [p] without kinds and multiply-adds."""
    return _ridge(x, y, np.inf, with_macs=False)


def _chosen(x: Values, y: Values) -> Values:
    """The weights [p] of the regression with the least leave-one-out error; of equal ones, of the simplest."""
    ways = [(np.inf, False), *((penalty, macs) for macs in (False, True) for penalty in reversed(PENALTIES))]
    errors = [_left_out_error(x, y, penalty, with_macs=macs) for penalty, macs in ways]
    penalty, macs = ways[int(np.argmin(errors))]
    return _ridge(x, y, penalty, with_macs=macs)


def _used(x: Values, penalty: float, *, with_macs: bool) -> Values:
    """The first columns of a design, which a regression has."""
    return x[:, : ALWAYS if np.isinf(penalty) else x.shape[1] - (not with_macs)]


def _gram(x: Values, penalty: float) -> Values:
    """The penalised normal matrix [p, p] of a design."""
    own = np.zeros(x.shape[1])
    own[ALWAYS:] = penalty
    found: Values = x.T @ x + np.diag(own)
    return found


def _ridge(x: Values, y: Values, penalty: float, *, with_macs: bool) -> Values:
    """Weights [p], 0 of columns that it has not."""
    part, weights = _used(x, penalty, with_macs=with_macs), np.zeros(x.shape[1])
    weights[: part.shape[1]] = np.linalg.pinv(_gram(part, penalty), hermitian=True) @ (part.T @ y)
    return weights


def _left_out_error(x: Values, y: Values, penalty: float, *, with_macs: bool) -> float:
    """The mean square of what each network is off by if the others are fitted, by the diagonal of the hat matrix."""
    part = _used(x, penalty, with_macs=with_macs)
    hat = part @ np.linalg.pinv(_gram(part, penalty), hermitian=True) @ part.T
    return _mean_square((y - hat @ y) / np.maximum(1 - np.diag(hat), LEAST))


def _surely_less(errors: Values, than: Values) -> bool:
    """Whether errors [n] are less in the mean by more than one standard error of the difference."""
    gain = than - errors
    return bool(gain.mean() > gain.std(ddof=1) / np.sqrt(len(gain)))


def _mean_square(values: Values) -> float:
    return float(np.mean(values**2))


def _points(kinds: Mapping[str, float], mean: Values, weights: Values) -> dict[str, float]:
    middle = float(mean @ weights)
    of_mean = float(mean[ALWAYS:-1] @ weights[ALWAYS:-1])
    return {kind: expit(middle + weight - of_mean) - expit(middle) for kind, weight in kinds.items()}


def logit(accuracy: float) -> float:
    within = min(max(accuracy, LEAST), 1 - LEAST)
    return log(within / (1 - within))


def expit(value: float) -> float:
    """The inverse of logit."""
    return 1 / (1 + exp(-value))
