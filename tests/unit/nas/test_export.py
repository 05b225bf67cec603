"""An exported file is tested before it is there."""

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from torch import nn

from latency_db.devices.converters.torch_reading import read_onnx
from latency_db.devices.quantization import quantised
from nas.dataset import Split, split
from nas.errors import ExportError
from nas.export import export
from nas.ops.notation import read_network
from nas.ops.torch_reading.module import build
from nas.training.batches import normalised

NETWORK = read_network("1x8x8: conv_4_k3_s2 gap linear_2")


class Shifted(nn.Module):
    """Answers otherwise than its weights say."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def state_dict(self):
        return self.module.state_dict()

    def forward(self, x):
        return self.module(x) + 1


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    part = Split(rng.integers(0, 256, (40, 8, 8, 1), np.uint8), np.arange(40) % 2)
    return split("noise", ("even", "odd"), {"train": part, "test": part}, seed=0)


def test_a_file_that_computes_as_torch_does_passes(images):
    exported = export(NETWORK, build(NETWORK, 0), images, {"id": "1"})

    assert exported.max_abs_difference < 1e-5
    assert onnx.load_from_string(exported.file).metadata_props


def test_a_file_that_computes_something_else_does_not(images):
    with pytest.raises(ExportError, match="differ from torch's by 1"):
        export(NETWORK, Shifted(build(NETWORK, 0)), images, {})


def subnormal(arrays):
    """How many numbers are subnormal, in which processors compute far more slowly."""
    floats = [np.asarray(array, np.float64) for array in arrays if array.dtype.kind == "f"]
    return sum(int(((array != 0) & (np.abs(array) < np.finfo(np.float32).tiny)).sum()) for array in floats)


def test_weights_that_regularisation_made_negligible_are_written_as_zero(images):
    """Half of the channels have faded away, by different degrees: the file computes the same without them."""
    network = read_network("1x8x8: conv_8_k3_s2 conv_8_k3 conv_6_k1_bias gap linear_2")
    module = build(network, 0).eval()
    with torch.no_grad():
        for weight in (value for name, value in module.named_parameters() if name.endswith("weight")):
            for channel, power in zip(range(0, len(weight), 2), (-38, -42, -25, -44), strict=False):
                weight[channel] *= 10.0**power
        expected = module(normalised(images.test.images, images.mean, images.std)).argmax(1).numpy()
    accuracy = float((expected == images.test.labels).mean())
    assert subnormal(value.numpy() for value in module.state_dict().values())

    exported = export(network, module, images, {})

    written = [numpy_helper.to_array(each) for each in onnx.load_from_string(exported.file).graph.initializer]
    assert subnormal(written) == 0
    assert subnormal(value.numpy() for value in read_onnx(exported.file)[0].buffers()) == 0
    int8 = onnx.load_from_string(quantised(exported.file)).graph.initializer
    assert subnormal(numpy_helper.to_array(each) for each in int8) == 0
    smallest = min(np.abs(array[array != 0]).min(initial=1) for array in written)
    assert smallest**2 >= np.finfo(np.float32).tiny, "nor is a product of two of them"
    assert exported.test_accuracy == accuracy
    assert exported.max_abs_difference < 1e-6
