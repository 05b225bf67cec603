"""Activations of few bits: in torch, in ONNX Runtime, and by their definition."""

import numpy as np
import onnxruntime
import pytest
import torch

from nas.ops import Activation, Network, Shape, seq
from nas.ops.canonical import network_id
from nas.ops.low_bits import EVEN, POWERS
from nas.ops.notation import read_network
from nas.ops.onnx_graph import RandomWeights, onnx_model
from nas.ops.torch_reading.activations import activation

ON_STEPS = np.arange(-640, 641) / 128
"""On and halfway between all even steps."""
POWERS_AND_BETWEEN = np.exp2(np.arange(-160, 21) / 9)
INPUTS = np.concatenate((ON_STEPS, POWERS_AND_BETWEEN, np.linspace(-5, 5, 999), [0, 1e9, -1e9])).astype(np.float32)


def nearest_level(name, x):
    """The value by search over all that the activation takes."""
    if name in EVEN:
        steps = EVEN[name]
        levels = np.arange(steps.lowest, steps.highest + 1)
        distance = np.abs(levels - np.clip(x / steps.step, levels[0], levels[-1]))
        near = levels[distance == distance.min()]
        return (near if len(near) == 1 else near[near % 2 == 0])[0] * steps.step
    powers = POWERS[name]
    if x < 2 ** (powers.smallest - 0.5):
        return 0.0
    levels = 2.0 ** np.arange(powers.smallest, powers.largest + 1)
    return levels[np.abs(np.log2(levels) - np.log2(x)).argmin()]


@pytest.mark.parametrize("name", [*EVEN, *POWERS])
def test_torch_and_onnx_give_the_nearest_level(name):
    expected = np.array([nearest_level(name, x) for x in INPUTS.astype(np.float64)], np.float32)
    assert len(np.unique(expected)) == 2 ** int(name[-1])
    assert np.array_equal(activation(name)(torch.from_numpy(INPUTS)).numpy(), expected)
    network = Network(seq(Activation(name)), Shape(1, 1, len(INPUTS)))
    session = onnxruntime.InferenceSession(onnx_model(network, RandomWeights(0)).SerializeToString())
    assert np.array_equal(session.run(None, {"image": INPUTS.reshape(1, 1, 1, -1)})[0].ravel(), expected)


@pytest.mark.parametrize(
    ("name", "passes"), [("int2", [0, 1, 1, 1, 1, 0]), ("uint2", [0, 0, 0, 1, 1, 1]), ("pow3", [0, 0, 0, 1, 1, 1])]
)
def test_the_gradient_passes_where_nothing_is_clipped(name, passes):
    x = torch.tensor([-1.1, -1.0, -0.3, 0.2, 0.5, 1.5], requires_grad=True)
    activation(name)(x).backward(torch.full((6,), 3.0))
    assert x.grad.tolist() == [3.0 * one for one in passes]


def test_an_activation_of_few_bits_is_written_as_any_other_and_does_nothing_twice():
    once, twice = (read_network(f"3x8x8: conv_8_uint2{again} gap linear_4") for again in ("", " act_uint2"))
    assert once.op.ops[0].act == "uint2"
    assert network_id(once) == network_id(twice)
