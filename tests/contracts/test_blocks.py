"""What every block promises; a new block file is tested by existing."""

import pytest

from nas.block import Block, block, squeeze_excite
from nas.blocks.conv import Convolution
from nas.blocks.mbconv import MBConv
from nas.blocks.separable import Separable
from nas.ops import SqueezeExcite
from nas.testing.blocks import WIDTHS, check_block, check_member


@pytest.mark.parametrize("name", list(block))
def test_readings_of_a_block_agree(name):
    """Shape, parameters, notation, diagram, torch and ONNX agree for every option, stride and width."""
    check_block(name)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("widths", WIDTHS)
@pytest.mark.parametrize("kind", [Convolution, Separable, MBConv])
def test_readings_agree_with_squeeze_and_excitation(kind, widths, stride):
    """Values that a space may name beyond the options: a ratio, a larger kernel, each skip."""
    for skip in ("identity", "pooling", "none"):
        assert check_member(kind(kernel=7, se=0.25, skip=skip), *widths, stride)


@pytest.mark.parametrize("name", list(block))
def test_a_block_is_a_value(name):
    """Equal parameters make equal blocks, and parameters() rebuilds one."""
    cls = block[name]
    member = cls()

    assert member == cls(**member.parameters())
    assert hash(member) == hash(cls())
    assert isinstance(member, Block)
    assert member.expand(16, 32, 2) == member.expand(16, 32, 2)


@pytest.mark.parametrize("name", list(block))
def test_a_block_refuses_what_it_does_not_know(name):
    """refusal() is None for each option, and a reason for another parameter or a value of another kind."""
    cls = block[name]

    assert "no parameter 'colour'" in str(cls.refusal("colour", 1))
    for parameter, options in cls.options().items():
        assert [cls.refusal(parameter, option) for option in options] == [None] * len(options)
        assert repr(options[0]) in str(cls.refusal(parameter, ["?"]))


@pytest.mark.parametrize(("ratio", "channels", "reduced"), [(0.25, 16, 4), (0.25, 10, 2), (0.25, 15, 3), (0.25, 3, 1)])
def test_squeeze_and_excitation_cuts_to_whole_channels(ratio, channels, reduced):
    """MnasNet's rule: the ratio of the block's input channels, cut and not rounded, but one at least."""
    assert squeeze_excite(ratio, channels) == (SqueezeExcite(reduced),)
