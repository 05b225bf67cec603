"""All readings of one expression agree: cost, torch, ONNX Runtime, notation, diagram and kernels."""

import numpy as np
import onnx
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from nas.errors import InvalidArchitectureError
from nas.onnx_file.metadata import stamped
from nas.ops import (
    Activation,
    BatchNorm,
    Concat,
    Conv,
    Dropout,
    GlobalPool,
    Identity,
    Linear,
    LocalResponseNorm,
    Network,
    PadChannels,
    Pool,
    Residual,
    Shape,
    Shuffle,
    SqueezeExcite,
    seq,
)
from nas.ops.cost import cost_of
from nas.ops.diagram import diagram
from nas.ops.kernels import Kernel, kernels
from nas.ops.onnx_graph import RandomWeights, onnx_model
from nas.ops.torch_reading.module import build
from nas.testing.blocks import check_readings

X = Shape(12, 9, 8)

acts = st.sampled_from([None, "relu", "relu6", "hswish", "sigmoid"])
convs = st.builds(
    Conv,
    st.sampled_from([6, 12]),
    st.sampled_from([1, 3, 4]),
    st.sampled_from([1, 2, 3]),
    st.sampled_from([1, 2, 6]),
    st.sampled_from([None, 0, 2]),
    st.booleans(),
    acts,
)
pools = st.builds(
    Pool,
    st.sampled_from([1, 2, 3, 5]),
    st.sampled_from([1, 2, 3, 4]),
    st.sampled_from([None, 0, 1]),
    st.sampled_from(["max", "avg"]),
    st.booleans(),
)


def readable(op, x):
    """Whether the expression can be built."""
    try:
        cost_of(op, x)
    except InvalidArchitectureError:
        return False
    return True


@given(pools, st.sampled_from([4, 5, 7, 8]), st.sampled_from([4, 6, 9]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
def test_pools_of_any_window_agree(pool, height, width):
    """Ceiling or floor, padded or not, wider strides than windows: torch and ONNX Runtime round as the cost does."""
    x = Shape(2, height, width)
    assume(readable(pool, x))

    check_readings(Network(seq(pool), x))


@given(convs, st.sampled_from([4, 5, 7, 8]), st.sampled_from([4, 6, 9]))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
def test_convolutions_of_any_shape_agree(conv, height, width):
    """Any kernel, stride, groups, padding, with batch norm or bias, and any activation."""
    x = Shape(12, height, width)
    assume(readable(conv, x))

    check_readings(Network(seq(conv), x))


@pytest.mark.parametrize(
    "op",
    [
        Conv(6, 5, 2, act="hswish"),
        Linear(5, act="relu6"),
        seq(GlobalPool(), Linear(5, act="sigmoid"), Linear(3)),
        seq(Linear(4), Activation("relu")),
        Shuffle(3),
        seq(Shuffle(4), Shuffle(3), Shuffle(4)),
        SqueezeExcite(5),
        Activation("hswish"),
        Activation("sign"),
        seq(BatchNorm("hswish"), GlobalPool(), BatchNorm()),
        seq(
            Conv(6, 3, norm=False, act="sign"),
            Pool(2, 2, 0),
            BatchNorm("sign"),
            Linear(5),
            BatchNorm("sign"),
            Linear(3),
        ),
        LocalResponseNorm(5, alpha=0.5, beta=0.75, bias=1.0),
        LocalResponseNorm(3, alpha=0.1),
        Dropout(0.5),
        Identity(),
        PadChannels(15),
        seq(),
        seq(Pool(1, 2), PadChannels(20)),
        Concat((Identity(), Conv(3), Pool(3, 1, kind="avg")), act="relu"),
        Residual(seq(Conv(12, 3), SqueezeExcite(3), Conv(12, act=None)), act="hswish"),
        Residual(Conv(24, 3, 2), seq(Pool(1, 2), PadChannels(24)), act="relu"),
        Residual(Concat((Conv(6), Residual(Conv(6, act=None), Conv(6, norm=False)))), seq()),
    ],
    ids=str,
)
def test_every_kind_of_node_agrees(op):
    """Each leaf and joint, alone and nested."""
    check_readings(Network(seq(op), X))


def test_torch_weights_come_from_the_seed_alone():
    """The same seed gives the same weights and leaves the global generator alone; another seed gives others."""
    network = Network(seq(Conv(8, 3), GlobalPool(), Linear(3)), X)
    before = torch.get_rng_state()

    first, again, other = (build(network, seed).state_dict() for seed in (1, 1, 2))

    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["0.conv.weight"], other["0.conv.weight"])


def test_a_random_graph_is_the_trained_one_node_for_node():
    """What a device times with random weights is the graph that is exported: no batch norm, no dropout."""
    network = Network(seq(Conv(8, 3), Residual(seq(Conv(8, 3), Shuffle(2))), Dropout(0.5), GlobalPool(), Linear(3)), X)

    model = onnx.load_from_string(stamped(onnx_model(network, RandomWeights(0)), {"made_for": "a test"}))

    kinds = [node.op_type for node in model.graph.node]
    assert kinds == [
        *("Conv", "Relu"),
        *("Conv", "Relu", "Reshape", "Transpose", "Reshape", "Add"),
        *("GlobalAveragePool", "Flatten", "Gemm"),
    ]
    assert {prop.key: prop.value for prop in model.metadata_props} == {"made_for": '"a test"'}
    weights = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    assert sum(w.size for name, w in weights.items() if name.endswith(".weight")) == 12 * 8 * 9 + 8 * 8 * 9 + 8 * 3
    assert all(w.dtype in (np.float32, np.int64) for w in weights.values())


def test_kernels_are_the_members_but_dropout():
    """Keys name the input shape and the member's notation; equal members at equal shapes share a key."""
    unit = Residual(Conv(12, 3))
    found = [kernel.key for kernel in kernels(Network(seq(unit, unit, Dropout(0.2), Pool(), unit), X))]

    assert found == [
        "12x9x8 res(conv_12_k3)",
        "12x9x8 res(conv_12_k3)",
        "12x9x8 pool",
        "12x5x4 res(conv_12_k3)",
    ]


def test_a_diagram_draws_branches_side_by_side():
    """Nodes for image, leaves and joints; a residual's identity is an edge past its body."""
    drawn = diagram(Network(seq(Conv(8), Residual(seq(Conv(4), Conv(8)), act="relu")), X))

    assert [node["op"] for node in drawn["nodes"]] == ["image", "conv", "conv", "conv", "add"]
    assert drawn["edges"] == [[0, 1], [1, 2], [2, 3], [3, 4], [1, 4]]
    assert [node["member"] for node in drawn["nodes"]] == [-1, 0, 1, 1, 1]
    assert drawn["nodes"][4]["shape"] == [8, 9, 8]
    assert drawn["nodes"][4]["text"] == "add relu"


@given(convs, st.sampled_from([(1, 8, 8), (4, 5, 7), (12, 9, 8), (6, 1, 1)]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
def test_a_kernel_is_the_difference_of_its_network_and_its_context(conv, x):
    """In its context it costs what it costs, on top of the context; both take planes or images, and can be run."""
    kernel = Kernel(conv, Shape(*x))
    assume(readable(conv, kernel.x))

    whole, context = kernel.in_context(), kernel.context()

    (_, own), (end, both), (_, rest) = (
        cost_of(op, image) for op, image in ((conv, kernel.x), (whole.op, whole.input), (context.op, context.input))
    )
    assert (own.params, own.macs) == (both.params - rest.params, both.macs - rest.macs)
    assert end.channels == conv.out
    assert whole.input == (kernel.x if x[0] <= 4 else (1, *x[1:]))
    check_readings(whole)
