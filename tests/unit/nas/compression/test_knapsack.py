"""The multiple-choice knapsack against all choices."""

from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nas.compression.allocation.knapsack import least_loss, least_loss_of_chain

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


CHAINS = st.lists(st.tuples(*[st.integers(0, 30)] * 3, *[st.integers(-5, 40)] * 2), min_size=1, max_size=6)


@given(CHAINS, st.integers(0, 120))
def test_a_chain_with_borders_is_the_best_of_all_choices(groups, budget):
    def totals(choice):
        cost = sum(group[option] for group, option in zip(groups, choice, strict=True))
        borders = sum(groups[at][2] for at in range(1, len(groups)) if choice[at] != choice[at - 1])
        return sum(group[3 + option] for group, option in zip(groups, choice, strict=True)), cost + borders

    possible = [totals(choice) for choice in product((0, 1), repeat=len(groups))]
    costs = [np.array(group[:2]) for group in groups]
    losses = [np.array(group[3:]) for group in groups]
    between = [group[2] * (1 - np.eye(2, dtype=np.int64)) for group in groups[1:]]
    found = least_loss_of_chain(costs, losses, [each.astype(np.int64) for each in between], budget)
    fitting = [total for total in possible if total[1] <= budget]
    if not fitting:
        assert found is None
        return
    assert totals(found) == min(fitting)
