"""Which spaces and resolutions are offered for images, and what a target leaves of them."""

import pytest

from nas.dataset import Outline
from nas.errors import InfeasibleError
from nas.spaces import load_space
from workers.suggesting.offers import Offer, check_target, named_space_at, sides_for

FOLDER = {"name": "folder", "path": "photos"}


def outline(side):
    return Outline(("a", "b"), 80, 10, 10, side, 3)


@pytest.mark.parametrize(
    ("side", "config", "sides"),
    [
        (None, FOLDER, [64, 96, 128, 160, 192, 224]),
        (130, FOLDER, [64, 96, 128]),
        (96, FOLDER, [64, 96]),
        (64, FOLDER, [64]),
        (28, FOLDER, [28]),
        (None, {**FOLDER, "size": 128}, [128]),
        (160, {"name": "imagenette"}, [160]),
    ],
)
def test_resolutions_are_not_beyond_those_of_the_images(side, config, sides):
    assert sides_for(outline(side), config) == sides


def test_small_images_have_the_space_small():
    assert named_space_at(32) == "small"
    assert load_space(named_space_at(96)).resolution == (96,)


def offer(side, *latencies_ms):
    return Offer(
        load_space(named_space_at(side)), named_space_at(side), side, (None,) * len(latencies_ms), latencies_ms
    )


def test_offers_have_networks_enough_within_the_target():
    slow, fast = offer(96, 0.4, 0.8, 1.2, 1.6, 2.0), offer(64, 0.2, 0.4, 0.6, 0.8, 1.0)

    assert check_target([fast, slow], 1.0, "here") == [fast, slow]
    assert check_target([fast, slow], 0.5, "here") == [fast]
    assert check_target([fast, slow], 0.3, "here") == [fast], "no other has any"
    assert check_target([fast, slow], None, "here") == [fast, slow]


def test_a_target_that_nothing_meets_is_refused_with_the_fastest():
    with pytest.raises(InfeasibleError, match=r"no network drawn meets 0\.1 ms on here; the fastest takes 0\.2 ms"):
        check_target([offer(64, 0.2, 0.4), offer(96, 0.4, 0.8)], 0.1, "here")
