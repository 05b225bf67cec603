"""An exported file is tested before it is there."""

import numpy as np
import onnx
import pytest
from torch import nn

from nas.dataset import Split, split
from nas.errors import ExportError
from nas.export import export
from nas.ops.notation import read_network
from nas.ops.torch_module import build

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
