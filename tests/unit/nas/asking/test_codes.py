"""Codes: rows that are ways through a space, drawn and changed many at once."""

from random import Random

import numpy as np
import pytest

from nas.asking.codes import NOT_ASKED, choices_of, completed_codes, encode, mutated_codes, random_codes
from nas.spaces import load_space

SPACES = ["small", "mobile", "mnasnet"]


@pytest.mark.parametrize("name", SPACES)
def test_random_and_mutated_rows_are_the_ways_of_walks(name):
    space, rng = load_space(name), np.random.default_rng(0)
    rows = random_codes(space, 200, rng)
    for each in (rows, mutated_codes(space, rows, rng)):
        walked = [space.decode(choices_of(space, row)).choices for row in each]
        assert np.array_equal(encode(space, walked), each)


def test_random_rows_answer_uniformly_also_what_is_opened():
    space = load_space("small")
    rows = random_codes(space, 6000, np.random.default_rng(1))
    for column, decision in enumerate(space.decisions()):
        given = rows[:, column][rows[:, column] != NOT_ASKED]
        share = np.bincount(given, minlength=len(decision.options)) / len(given)
        assert np.abs(share - 1 / len(decision.options)).max() < 5 * np.sqrt(0.25 / len(given))


def test_mutation_changes_one_to_three_answers_and_keeps_the_others():
    space, rng = load_space("mobile"), np.random.default_rng(2)
    rows = random_codes(space, 500, rng)
    found = mutated_codes(space, rows, rng)
    both = (rows != NOT_ASKED) & (found != NOT_ASKED)
    changed = ((rows != found) & both).sum(axis=1)
    opened = ((rows != NOT_ASKED) ^ (found != NOT_ASKED)).any(axis=1)
    assert changed.max() == 3
    assert ((changed > 0) | opened).all()
    assert {1, 2, 3} == set(changed[~opened].tolist())


def test_completing_keeps_what_is_answered():
    space, rng = load_space("small"), np.random.default_rng(3)
    member = encode(space, [space.sample(Random(0)).choices])
    assert np.array_equal(completed_codes(space, member, rng), member)


def test_draws_are_a_function_of_the_generator():
    space = load_space("mnasnet")
    first, again = (random_codes(space, 50, np.random.default_rng(4)) for _ in range(2))
    assert np.array_equal(first, again)
    first, again = (mutated_codes(space, first, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first, again)


def test_a_space_of_one_member_has_nothing_to_mutate():
    stage = {"blocks": [{"conv": {"kernel": 3, "se": 0.0, "skip": "none"}}], "layers": 1, "width": 8}
    space = load_space({"name": "one", "resolution": 28, "stem": {"width": 8}, "stages": [stage]})
    rows = random_codes(space, 3, np.random.default_rng(6))
    assert rows.shape == (3, 0)
    assert mutated_codes(space, rows, np.random.default_rng(7)).shape == (3, 0)
