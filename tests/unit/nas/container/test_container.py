"""The compressed file: exact, bounded, and refused where it is damaged."""

import re

import numpy as np
import onnxruntime
import pytest

from nas.container.file import Storage, read, write
from nas.errors import FormatError
from nas.ops.coded import CodedTensor
from nas.ops.layers import weighted_layers
from nas.ops.notation import read_network
from nas.ops.onnx_graph import RandomWeights, StateWeights, onnx_model
from nas.ops.torch_reading.module import build

NETWORK = read_network("2x9x9: conv_6_k3 cat(conv_4_k3_g2|conv_4) se_3 res(conv_8_k3_g8 conv_8_linear) gap linear_3")


class Ternary:
    """Weights as three levels, sparse and seeded."""

    def layer(self, path, shape):
        rng = np.random.default_rng(len(path) + sum(shape))
        codes = rng.choice(3, shape, p=[0.1, 0.8, 0.1]).astype(np.uint8)
        return CodedTensor(codes, np.array([-0.3, 0, 0.2], np.float32)), rng.standard_normal(shape[0]).astype(
            np.float32
        )

    def folded(self, path, shape):
        weight, bias = self.layer(path, shape)
        return weight.scaled(np.linspace(0.5, 2, shape[0], dtype=np.float32)), bias


def test_layers_are_those_that_torch_builds():
    state = build(NETWORK, seed=0).state_dict()
    shapes = {name.removesuffix(".weight"): tuple(value.shape) for name, value in state.items() if value.ndim > 1}
    assert {layer.path: layer.shape for layer in weighted_layers(NETWORK)} == shapes
    assert [layer.path for layer in weighted_layers(NETWORK)] == list(shapes)


@pytest.mark.parametrize("weights", [Ternary, lambda: RandomWeights(0)], ids=["codes", "numbers"])
@pytest.mark.parametrize("coder", ["raw", "context", "relative_index", {"name": "relative_index", "index_bits": 5}])
def test_a_file_gives_back_network_properties_and_weights(weights, coder):
    data = write(NETWORK, weights(), {"classes": ["a", "ü"]}, Storage(coder))
    found = read(data)
    assert (found.network, found.properties) == (NETWORK, {"classes": ["a", "ü"]})
    assert sum(found.sizes.values()) == len(data)
    image = {"image": np.random.default_rng(0).standard_normal((2, 2, 9, 9)).astype(np.float32)}
    ours, theirs = (
        onnxruntime.InferenceSession(onnx_model(NETWORK, source).SerializeToString()).run(None, image)[0]
        for source in (found, weights())
    )
    assert np.array_equal(ours, theirs)


def test_reading_and_writing_again_gives_the_same_bytes():
    storage = Storage("context", half=True)
    data = write(NETWORK, Ternary(), {}, storage)
    assert write(NETWORK, read(data), {}, storage) == data


def test_half_precision_keeps_what_16_bits_cannot_hold():
    network = read_network("1x1x1: linear_2")
    weight = np.array([[1e6], [0.1]], np.float32)
    state = {"0.linear.weight": weight, "0.linear.bias": np.array([0.1, 0.3], np.float32)}
    weights, bias = read(write(network, StateWeights(state), {}, Storage(half=True))).layer("0.linear", (2, 1))
    assert np.array_equal(weights, weight)
    assert bias.tolist() == np.array([0.1, 0.3], np.float16).tolist()


def test_biases_of_few_bits_are_within_half_a_step():
    data = write(NETWORK, Ternary(), {}, Storage("context", bias_bits=4))
    for layer in weighted_layers(NETWORK):
        expected, (_, found) = (
            Ternary().layer(layer.path.removesuffix(".conv") if layer.folds else layer.path, layer.shape)[1],
            read(data).tensors[layer.path],
        )
        assert np.abs(found - expected).max() <= np.ptp(expected) / 15 / 2 * 1.001


DATA = write(NETWORK, Ternary(), {}, Storage("context"))


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "no compressed file of nas"),
        (b"PK\x03\x04" + DATA, "no compressed file of nas"),
        (b"NAZ\x02" + DATA[4:], "a later version; update nas"),
        (DATA[:-1], "ends 1 bytes too early"),
        (DATA + b"x", "1 bytes follow its end"),
        (DATA[:9] + b"?" + DATA[10:], "manifest is damaged"),
        (DATA[:-30] + bytes([DATA[-30] ^ 64]) + DATA[-29:], "layer .* damaged"),
    ],
)
def test_a_damaged_file_is_refused_with_the_reason(data, fault):
    with pytest.raises(FormatError, match=fault):
        read(data)


def test_a_network_beyond_the_limit_is_refused_before_it_is_built():
    data = write(read_network("1x1x1: linear_1"), RandomWeights(0), {}, Storage())
    with pytest.raises(FormatError, match=re.escape("2 parameters; at most 1 are read")):
        read(data, max_params=1)
