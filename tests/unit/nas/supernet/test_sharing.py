"""Each parameter of a network is a part of a shared tensor, known by the role of its layer."""

from random import Random

import pytest

from nas.architecture import Stem
from nas.block import squeeze_excite
from nas.blocks.mbconv import MBConv
from nas.blocks.shuffle import ShuffleUnit
from nas.errors import SpecError
from nas.ops import BatchNorm, Concat, Conv, Linear, Residual, Shape, SqueezeExcite, seq
from nas.ops.notation import read_network, write_network
from nas.ops.torch_reading.module import build, module
from nas.spaces import load_space
from nas.supernet.roles import Roles
from nas.supernet.sharing import layer_shares, stored_shape
from nas.supernet.sizes import tensor_sizes

SMALL = load_space("small")


def keys(op, channels, side=8):
    return {share.key: share.sizes for share in layer_shares(op, Shape(channels, side, side))}


@pytest.mark.parametrize("name", ["small", "mobile", "mnasnet"])
def test_every_parameter_of_a_network_is_a_part_of_a_tensor(name):
    """Also of networks whose last stage is left out, and at each width multiplier."""
    space, rng = load_space(name).for_images(1, 32, 10), Random(0)
    if name != "small":
        space = space.from_dict({**space.to_dict(), "stages": space.to_dict()["stages"][:2], "resolution": [32]})
    sizes, roles = tensor_sizes(space), Roles(space)
    for _ in range(30):
        network = space.sample(rng).architecture.expand()
        shares = list(roles.shares(read_network(write_network(network))))

        shapes = {path: tuple(parameter.shape) for path, parameter in build(network, 0).named_parameters()}
        assert {share.path: stored_shape(share.sizes) for share in shares} == shapes
        assert len({share.key for share in shares}) == len(shares), "two parameters would be one"
        for share in shares:
            assert all(own <= most for own, most in zip(share.sizes, sizes[share.key], strict=True))


def test_sizes_are_those_of_some_network():
    """Of a space that can be enumerated, no tensor is larger than the largest network's."""
    space = load_space(
        {
            "name": "tiny",
            "resolution": 8,
            "width_multiplier": [0.5, 1.0],
            "stem": {"width": 16, "stride": 1},
            "stages": [
                {
                    "blocks": [{"conv": {"kernel": [3, 5]}}, "fire"],
                    "layers": [0, 1],
                    "width": [16, 32],
                    "stride": [1, 2],
                },
                {"blocks": [{"mbconv": {"expansion": [1, 3], "se": [0, 0.25]}}], "layers": [0, 2], "width": 16},
            ],
            "head": 32,
            "channels": 1,
            "classes": 2,
        }
    )
    rng, roles, found = Random(0), Roles(space), {}
    for _ in range(1500):
        for share in roles.shares(space.sample(rng).architecture.expand()):
            found[share.key] = tuple(map(max, found.get(share.key, share.sizes), share.sizes))

    assert found == tensor_sizes(space)


def test_a_gate_a_skip_or_a_missing_expansion_shift_no_other_layer():
    def block(**parameters):
        return keys(MBConv(**parameters).expand(8, 8, 1), 8)

    plain = block(expansion=3, skip="none")
    assert set(plain) < set(block(expansion=3, se=0.25, skip="none"))
    assert plain == block(expansion=3, skip="identity")
    without = block(expansion=1, skip="none")
    assert set(without) < set(plain)
    assert without["after1-conv0/conv-weight"] == (1, 8, 8, 1, 1)


def test_groups_are_shared_by_group_and_forms_of_a_unit_not_at_all():
    adding, joining = (keys(ShuffleUnit(2).expand(16, width, 1), 16) for width in (16, 32))

    assert adding["after0-grouped2-0/conv-weight"] == (2, 2, 8, 1, 1)
    assert adding["depthwise0/conv-weight"] == (4, 1, 1, 3, 3)
    assert not set(adding) & set(joining)


def test_ops_that_no_block_here_has():
    """Blocks of others may be of any ops."""
    op = seq(BatchNorm(), Concat((Linear(3), seq(Conv(2, norm=False), Linear(2)))), SqueezeExcite(1))
    net = module(op, Shape(4, 2, 2))

    shares = layer_shares(op, Shape(4, 2, 2))

    assert {share.path: stored_shape(share.sizes) for share in shares} == {
        path: tuple(parameter.shape) for path, parameter in net.named_parameters()
    }
    assert len({share.key for share in shares}) == len(shares)


def test_shortcuts_have_weights_of_their_own():
    own = keys(Residual(Conv(8), Conv(8)), 8)

    assert len(own) == 6
    assert squeeze_excite(0.0, 8) == ()


def test_a_network_of_another_space_is_refused():
    other = load_space(
        {**SMALL.to_dict(), "stages": [{"blocks": ["conv"], "layers": 1, "width": 40}], "stem": {"width": 8}}
    )
    assert other.stem == Stem(8)

    with pytest.raises(SpecError, match="not one of the space 'small'"):
        list(Roles(SMALL).shares(other.sample(Random(0)).architecture.expand()))
