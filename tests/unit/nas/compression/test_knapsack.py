"""The multiple-choice knapsack against all choices."""

from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nas.compression.allocation.knapsack import least_loss

GROUPS = st.lists(
    st.lists(st.tuples(st.integers(0, 30), st.integers(-5, 40)), min_size=1, max_size=5), min_size=1, max_size=5
)


@given(GROUPS, st.integers(0, 120))
def test_it_is_the_best_of_all_choices(groups, budget):
    totals = [
        (sum(loss for _, loss in choice), sum(cost for cost, _ in choice))
        for choice in product(*groups)
        if sum(cost for cost, _ in choice) <= budget
    ]
    costs, losses = ([np.array([option[place] for option in group]) for group in groups] for place in (0, 1))
    found = least_loss(costs, losses, budget)
    if not totals:
        assert found is None
        return
    taken = [group[option] for group, option in zip(groups, found, strict=True)]
    assert (sum(loss for _, loss in taken), sum(cost for cost, _ in taken)) == min(totals)


def test_a_network_of_fifty_layers_is_solved_and_no_exchange_of_two_options_is_better():
    rng = np.random.default_rng(0)
    bytes_ = np.sort(rng.integers(100, 100_000, (50, 20)), axis=1)
    loss = rng.exponential(1, (50, 20)).cumsum(axis=1)[:, ::-1]
    budget = int(bytes_.mean(axis=1).sum())
    found = least_loss(list(bytes_), list(loss), budget)
    rows = np.arange(50)
    left = budget - bytes_[rows, found].sum()
    assert left >= 0
    gain = loss[rows, found][:, None] - loss
    more = bytes_ - bytes_[rows, found][:, None]
    for one in rows:
        both = (gain[one][:, None, None] + gain > 1e-9) & (more[one][:, None, None] + more <= left)
        both[:, one] = False
        assert not both.any()
