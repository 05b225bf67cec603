"""The multiple-choice knapsack: one option of each group within a budget, exactly (Pisinger, 1995, sections 2 and 3).

Partial choices are built up group by group. Of these only the undominated ones are kept, those for which no other one
costs less and loses less, and of them only those that a bound does not rule out: by the Lagrangian relaxation, the
groups that are left lose at least as much as their best options do at a price of the budget, less the price of what is
left of it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Costs = Sequence[NDArray[np.int64]]
Losses = Sequence[NDArray[np.float64]]

STEPS = 200
"""Of the search for the price; each halves the interval that it lies in."""

ROUNDING = 1e-9
"""What a bound may be off by, as a share of the numbers that it is computed from."""


def least_loss(costs: Costs, losses: Losses, budget: int) -> tuple[int, ...] | None:
    """The option of each group with the least sum of losses at a sum of costs of at most the budget.

    costs, losses: of the options of each group, [options] each; costs are whole numbers from 0 on. Of choices with
    equal losses, one of the cheapest. None if the cheapest options cost more than the budget.
    """
    if sum(int(cost.min()) for cost in costs) > budget:
        return None
    price, known = _relaxed(costs, losses, budget)
    known += ROUNDING * (1 + abs(known) + price * budget)
    bounds = _bounds(costs, losses, price)
    cheapest = np.cumsum([0, *(int(cost.min()) for cost in reversed(costs))])[::-1]
    cost, loss = np.zeros(1, np.int64), np.zeros(1)
    chosen = []
    for group, (options, lost) in enumerate(zip(costs, losses, strict=True)):
        cost = np.add.outer(cost, options).ravel()
        loss = np.add.outer(loss, lost).ravel()
        possible = loss + bounds[group + 1] - price * (budget - cost) <= known
        order = np.flatnonzero((cost + cheapest[group + 1] <= budget) & possible)
        order = _undominated(cost, loss, order)
        chosen.append((order // len(options), order % len(options)))
        cost, loss = cost[order], loss[order]
    place, found = len(loss) - 1, []  # undominated ones have the least loss at the highest cost
    for parents, taken in reversed(chosen):
        found.append(int(taken[place]))
        place = parents[place]
    return tuple(reversed(found))


def least_loss_of_chain(
    costs: Costs, losses: Losses, between: Sequence[NDArray[np.int64]], budget: int
) -> tuple[int, ...] | None:
    """As least_loss, where neighbours cost more if their options do not go together.

    between: for each group but the first, what an option costs more behind an option of the group before,
    [options before, options]; whole numbers from 0 on. Of partial choices that end in one option, the undominated ones
    are kept.
    """
    cheapest = np.cumsum([0, *(int(cost.min()) for cost in reversed(costs))])[::-1]
    cost, loss, last = np.zeros(1, np.int64), np.zeros(1), np.zeros(1, np.int64)
    chosen = []
    first = np.zeros((1, len(costs[0])), np.int64)
    for group, (options, lost, more) in enumerate(zip(costs, losses, [first, *between], strict=True)):
        cost = (cost[:, None] + more[last] + options).ravel()
        loss = np.add.outer(loss, lost).ravel()
        kept = [_undominated(cost, loss, np.arange(option, len(cost), len(options))) for option in range(len(options))]
        order = np.concatenate(kept)
        order = order[cost[order] + cheapest[group + 1] <= budget]
        chosen.append((order // len(options), order % len(options)))
        cost, loss, last = cost[order], loss[order], order % len(options)
    if not len(loss):
        return None
    place, found = int(np.lexsort((cost, loss))[0]), []
    for parents, taken in reversed(chosen):
        found.append(int(taken[place]))
        place = parents[place]
    return tuple(reversed(found))


def _undominated(cost: NDArray[np.int64], loss: NDArray[np.float64], places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Those of the places for which no other one costs less and loses less, by cost."""
    order = places[np.lexsort((loss[places], cost[places]))]
    before = np.concatenate(([np.inf], np.minimum.accumulate(loss[order])[:-1]))
    found: NDArray[np.int64] = order[loss[order] < before]
    return found


def _relaxed(costs: Costs, losses: Losses, budget: int) -> tuple[float, float]:
    """The price of a unit of cost at which the best options just fit the budget, and the loss of these options."""
    low, high = 0.0, 1.0
    while _at(costs, losses, high)[0] > budget:
        high *= 2
    for _ in range(STEPS):
        middle = (low + high) / 2
        if _at(costs, losses, middle)[0] > budget:
            low = middle
        else:
            high = middle
    return high, _at(costs, losses, high)[1]


def _at(costs: Costs, losses: Losses, price: float) -> tuple[int, float]:
    """Cost and loss of the options that are best at a price, the cheapest of equals."""
    total, lost = 0, 0.0
    for cost, loss in zip(costs, losses, strict=True):
        best = np.lexsort((cost, loss + price * cost))[0]
        total, lost = total + int(cost[best]), lost + float(loss[best])
    return total, lost


def _bounds(costs: Costs, losses: Losses, price: float) -> list[float]:
    """What groups from each one on lose at least, with their costs at the price."""
    least = [float((loss + price * cost).min()) for cost, loss in zip(costs, losses, strict=True)]
    bounds: list[float] = np.cumsum([0.0, *reversed(least)])[::-1].tolist()
    return bounds
