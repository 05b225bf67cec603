"""Parts of a space's networks, against each network read on its own."""

import numpy as np
import pytest
from small_spaces import TINY, every_candidate

from nas.asking.codes import choices_of, encode, random_codes
from nas.errors import SpecError
from nas.ops.cost import network_cost
from nas.ops.kernels import kernels
from nas.space_parts import SpaceParts
from nas.spaces import load_space

WIDE = load_space(
    {
        "name": "wide",
        "resolution": 16,
        "stem": {"width": 8},
        "stages": [
            {
                "blocks": [
                    {kind: {"kernel": [3, 5, 7], "se": [0.0, 0.1, 0.2, 0.3], "skip": ["none", "identity", "pooling"]}}
                    for kind in ("conv", "separable", "mbconv")
                ]
                + [{"shuffle": {"groups": [1, 2, 4, 8], "kernel": [3, 5, 7]}}],
                "layers": list(range(1, 9)),
                "width": list(range(8, 88, 8)),
                "stride": [1, 2],
            }
        ]
        * 2,
    }
)
"""The answers to one stage's decisions need more than 31 bits."""


def check(space, parts, codes, known):
    """The parts of each row against its network; known: all parts by number."""
    numbers, new = parts.read(codes)
    known += new
    for row, own in zip(codes, numbers.tolist(), strict=True):
        architecture, found = space.decode(choices_of(space, row)).architecture, [known[number] for number in own]
        assert (None in found) == (architecture.refusal() is not None)
        if None not in found:
            network = architecture.expand()
            cost = network_cost(network)
            assert [kernel for part in found for kernel in part.kernels] == list(kernels(network))
            assert sum(part.cost.params for part in found) == cost.params
            assert sum(part.cost.macs for part in found) == cost.macs
            assert max(part.cost.activations for part in found) == cost.activations


@pytest.mark.parametrize(
    "space", [*map(load_space, ("small", "mobile", "mnasnet")), WIDE], ids=lambda space: space.name
)
def test_parts_are_those_of_the_networks_also_when_they_were_seen_before(space):
    rng = np.random.default_rng(0)
    parts, known = SpaceParts(space), []
    for codes in (random_codes(space, 60, rng), random_codes(space, 40, rng)):
        check(space, parts, codes, known)
        assert parts.read(codes)[1] == []
        assert len(parts) == len(known)
        check(space, parts, codes, known)


def test_a_third_of_the_members_of_a_space_with_invalid_ones():
    codes = encode(TINY, [candidate.choices for candidate, _ in every_candidate(TINY)])[::3]
    known = []
    check(TINY, SpaceParts(TINY), codes, known)
    assert None in known


def test_networks_share_parts():
    space = load_space("mnasnet")
    numbers, new = SpaceParts(space).read(random_codes(space, 1000, np.random.default_rng(1)))
    assert numbers.shape == (1000, 9)
    assert len(new) < 0.5 * numbers.size


@pytest.mark.parametrize("wrong", [-1, 9])
def test_codes_that_are_no_way_through_the_space_are_an_error(wrong):
    space = load_space("small")
    codes = random_codes(space, 3, np.random.default_rng(2))
    codes[1, [decision.name for decision in space.decisions()].index("stage1.layers")] = wrong
    with pytest.raises(SpecError, match=r"stage1.layers|no options of the space 'small'"):
        SpaceParts(space).read(codes)
