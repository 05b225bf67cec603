"""Networks have one id for all the ways to write them: of what they compute, and of what a device runs."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from test_readings import convs, pools, readable

from nas.architecture import Architecture, Stage, Stem
from nas.blocks.mbconv import MBConv
from nas.blocks.shuffle import ShuffleUnit
from nas.ops import Network, Shape, seq
from nas.ops.canonical import canonical, graph_id, network_id
from nas.ops.notation import read_network, write_network
from nas.ops.torch_reading.module import build

SAME_GRAPH = [
    ("8x6x6: conv_8_k3 [conv_4 [conv_8]] gap", "8x6x6: [[conv_8_k3] conv_4] conv_8 gap"),
    ("8x6x6: id conv_8_k3 id id", "8x6x6: conv_8_k3"),
    ("8x6x6: res([conv_8])", "8x6x6: res(conv_8|id)"),
    ("8x6x6: res(conv_8|[])", "8x6x6: res(id|conv_8)"),
    ("8x6x6: res(conv_8_k3|conv_8)", "8x6x6: res(conv_8|conv_8_k3)"),
    ("8x6x6: conv_8_k3_p1", "8x6x6: conv_8_k3"),
    ("8x6x6: pool_p1", "8x6x6: pool"),
    ("8x7x7: pool_p1_ceil", "8x7x7: pool"),
    ("8x6x6: conv_8_linear act", "8x6x6: conv_8"),
    ("8x6x6: [conv_8_linear] [act_hswish]", "8x6x6: conv_8_hswish"),
    ("8x6x6: res(conv_8) act_relu6", "8x6x6: res(conv_8)_relu6"),
    ("8x6x6: cat(conv_8|id) act", "8x6x6: cat([conv_8 id]|[])_relu"),
    ("8x6x6: gap linear_4 act", "8x6x6: gap linear_4_relu"),
    ("8x6x6: conv_8 bn act_sign", "8x6x6: conv_8 bn_sign"),
    ("8x6x6: conv_8 drop_0.0", "8x6x6: conv_8"),
]
SAME_FUNCTION = [
    ("8x6x6: conv_8 shuffle_1", "8x6x6: conv_8"),
    ("8x6x6: conv_8 shuffle_8", "8x6x6: conv_8"),
    ("8x6x6: pool_1_s1 conv_8", "8x6x6: conv_8"),
    ("8x6x6: pool_1_s2_avg", "8x6x6: pool_1_s2"),
    ("8x6x6: padc_8", "8x6x6: id"),
    ("8x6x6: gap gap linear_4", "8x6x6: gap linear_4"),
    ("8x6x6: pool_6_p0_avg linear_4", "8x6x6: gap linear_4"),
    ("8x6x6: conv_8 act", "8x6x6: conv_8"),
    ("8x2x2: conv_8_k3_s2", "8x2x2: conv_8_k3_s5"),
    ("8x6x6: cat(conv_8)_relu6", "8x6x6: conv_8 act_relu6"),
    ("8x6x6: cat(conv_8|cat(id|conv_4))", "8x6x6: cat(conv_8|id|conv_4)"),
]
DIFFERENT = [
    ("8x6x6: conv_8", "8x6x7: conv_8"),
    ("8x6x6: conv_8 conv_8", "8x6x6: conv_8"),
    ("8x6x6: cat(conv_8|id)", "8x6x6: cat(id|conv_8)"),
    ("8x6x6: conv_8 act_relu6", "8x6x6: conv_8"),
    ("8x6x6: conv_8_linear", "8x6x6: conv_8"),
    ("8x6x6: conv_8_sigmoid act_sigmoid", "8x6x6: conv_8_sigmoid"),
    ("8x6x6: conv_8_bias", "8x6x6: conv_8"),
    ("8x6x6: conv_8_k3_p0", "8x6x6: conv_8_k3"),
    ("8x6x6: cat(id|cat(conv_4|id)_relu)", "8x6x6: cat(id|conv_4|id)"),
    ("8x6x6: shuffle_2", "8x6x6: id"),
    ("8x5x5: pool_2_p0_ceil", "8x5x5: pool_2_p0"),
]


def ids(pair, content_id):
    first, second = (content_id(read_network(text)) for text in pair)
    return first, second


@pytest.mark.parametrize("pair", SAME_GRAPH, ids=str)
def test_a_graph_has_one_id(pair):
    for content_id in (network_id, graph_id):
        first, second = ids(pair, content_id)
        assert first == second


@pytest.mark.parametrize("pair", SAME_FUNCTION, ids=str)
def test_what_is_computed_has_one_id(pair):
    """Ops without effect make no other network to train; a device may spend time on them."""
    first, second = ids(pair, network_id)
    assert first == second
    assert len(set(ids(pair, graph_id))) == 2


@pytest.mark.parametrize("pair", DIFFERENT, ids=str)
def test_different_networks_have_different_ids(pair):
    for content_id in (network_id, graph_id):
        first, second = ids(pair, content_id)
        assert first != second


def test_dropout_counts_where_networks_are_trained():
    pair = ("8x6x6: conv_8 drop_0.3 gap", "8x6x6: conv_8 gap")

    assert len(set(ids(pair, network_id))) == 2
    assert len(set(ids(pair, graph_id))) == 1


@given(st.one_of(convs, pools), st.sampled_from([1, 2, 4, 7]), st.sampled_from([1, 2, 6]))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
def test_the_canonical_network_computes_the_same(op, height, width):
    """The same seed gives the same outputs, whatever window, stride and padding: the training is the same too."""
    network = Network(seq(op, seq(op)), Shape(12, height, width))
    assume(readable(network.op, network.input))
    images = torch.from_numpy(np.random.default_rng(0).standard_normal((2, *network.input), np.float32))

    outputs = [build(written, seed=1).eval()(images).flatten(1) for written in (network, canonical(network))]

    assert torch.allclose(*outputs, rtol=1e-5, atol=1e-6)
    assert canonical(canonical(network)) == canonical(network)


def test_a_skip_that_does_not_apply_makes_no_other_network():
    """Two architectures with ids of their own are one network."""

    def architecture(**parameters):
        return Architecture(16, 3, Stem(8), (Stage(MBConv(**parameters), 1, 16, 2),), 0, 4)

    with_skip, without = architecture(skip="identity"), architecture(skip="none")

    assert with_skip.id != without.id
    assert network_id(with_skip.expand()) == network_id(without.expand())
    assert network_id(architecture(skip="identity", kernel=5).expand()) != network_id(without.expand())


def test_products_of_a_space_read_back():
    """The canonical form is a network that can be written and read."""
    stages = (Stage(ShuffleUnit(groups=1), 2, 32, 2), Stage(MBConv(se=0.25), 2, 16, 2))
    network = Architecture(32, 3, Stem(16), stages, 64, 4).expand()

    assert read_network(write_network(canonical(network))) == canonical(network)
    assert "shuffle" not in write_network(canonical(network))
