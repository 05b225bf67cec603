"""ONNX files with sparse weights."""

from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from nas.compressing.files import unpacked
from nas.compression.allocation.sensitivity import pruned
from nas.compression.bench import Bench
from nas.compression.clustering.codebooks import clustered
from nas.compression.forms import layers, set_form
from nas.compression.model import Model
from nas.compression.packing import packed
from nas.compressor import compressor
from nas.container.file import Storage
from nas.ops.notation import read_network
from nas.ops.torch_reading.module import build

NETWORK = read_network("1x8x8: conv_32_k3 conv_64_k3_g2_s2 se_16 conv_64 gap linear_100_relu linear_4")


def model(density, bits=None):
    module = build(NETWORK, seed=0).eval()
    for layer in layers(module).values():
        weight = pruned(layer.weight.detach().numpy(), density)
        layer.weight.data = torch.from_numpy(weight)
        if bits:
            set_form(layer, clustered(weight, 2**bits, "lloyd"))
    return Model(NETWORK, module, Storage("context", half=True, bias_bits=8))


def scores(file):
    image = np.random.default_rng(0).standard_normal((3, 1, 8, 8)).astype(np.float32)
    return onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"]).run(None, {"image": image})[0]


@pytest.mark.parametrize(("density", "bits", "as_floats"), [(0.1, None, False), (0.1, 4, True), (0.02, 4, False)])
def test_sparse_weights_make_a_smaller_file_with_the_same_scores(images, density, bits, as_floats):
    file = packed(model(density, bits), images)
    dense, sparse = (unpacked(file, as_floats=as_floats, sparse=way) for way in (False, True))
    assert len(sparse) < (0.5 if bits is None or as_floats else 0.9) * len(dense)
    assert len(onnx.load_from_string(sparse).graph.sparse_initializer) > 3
    np.testing.assert_array_equal(scores(sparse), scores(dense))


@pytest.mark.parametrize(("density", "bits"), [(0.5, None), (0.3, 2), (1.0, 4)])
def test_where_sparse_weights_are_no_smaller_the_file_is_the_same(images, density, bits):
    file = packed(model(density, bits), images)
    assert unpacked(file, sparse=True) == unpacked(file)


def test_integers_stay_as_they_are(images):
    stage = compressor.make({"name": "int8", "integers": "int8_s8s8", "fine_tuning": False})
    made = stage.compress(replace(model(0.05), storage=Storage()), Bench(images, 0, lambda *_: None))
    file = packed(made, images)
    assert unpacked(file, sparse=True) == unpacked(file)
