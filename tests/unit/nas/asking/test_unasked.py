"""The members of a space that were not asked: each is drawn once, and there is an end."""

from functools import partial
from random import Random

import pytest
from loop_steps import four
from small_spaces import TINY, every_candidate

from nas.asking.unasked import Unasked
from nas.errors import InfeasibleError


def test_every_valid_member_is_drawn_once():
    """In draws of any size, from a space some of whose members cannot be built, against the slow enumeration."""
    unasked, rng, drawn = Unasked(TINY), Random(0), []
    valid = [member for member, _ in every_candidate(TINY) if member.architecture.refusal() is None]
    while found := unasked.draw(rng.randrange(1, 9), rng):
        assert all(candidate in unasked for candidate in found)
        for candidate in found:
            unasked.remove(candidate)
        drawn += found

    assert len(drawn) == len(valid)
    assert {tuple(candidate.choices.items()) for candidate in drawn} == {tuple(m.choices.items()) for m in valid}
    assert not any(candidate in unasked for candidate in drawn)


def test_a_way_of_making_goes_before_a_uniform_draw():
    """Where it gives nothing new any more, the place is drawn uniformly, and then there is nothing."""
    space = four({"blocks": [{"conv": {"kernel": [3, 5]}}], "layers": 1, "width": [8, 16]})
    first, second = (space.decode({"stage0.conv.kernel": 0, "stage0.width": width}) for width in (0, 1))
    unasked, places = Unasked(space), []

    def make(place):
        places.append(place)
        return lambda: first if place == 0 else second

    drawn = unasked.draw(9, Random(0), make)

    assert drawn[:2] == [first, second]
    assert len(drawn) == 4
    assert places == list(range(5))


def test_a_space_without_valid_members_is_an_error():
    stage = {"blocks": [{"shuffle": {"groups": 2}}], "layers": 1, "width": [8, 16], "stride": 2}
    space = four(stage, stage, stage)

    for draw in (Unasked(space).draw, partial(Unasked(space).draw, make=lambda _: partial(space.walk, lambda _: 0))):
        with pytest.raises(InfeasibleError):
            draw(2, Random(0))
