"""Every runtime computes what ONNX Runtime computes; those that are not installed are skipped with the reason."""

import numpy as np
import pytest

from latency_db.devices.converters.torch_reading import read_onnx
from latency_db.devices.runtime import FP32, runtime
from latency_db.errors import MeasurementError
from nas.ops.notation import read_network
from nas.ops.onnx_graph import RandomWeights, onnx_model
from nas.quantization.recipes import PRECISIONS, RECIPES
from nas.quantization.saturation import saturates

TOLERANCE = {FP32: 1e-4, **dict.fromkeys(PRECISIONS, 0.25)}
"""Largest difference of a score, relative to the largest score."""

SATURATED = 2
"""How many times as large it may be where this processor's sums of 8-bit products are too small."""

NETWORKS = {
    "empty": "1x1x1: id",
    "mbconv": "3x32x32: conv_16_k3_s2 res([conv_48_hswish conv_48_k5_g48_hswish se_12 conv_16_linear]) gap linear_10",
    "shuffle": "3x32x32: conv_16_k3_s2 conv_32_g2 shuffle_2 conv_32_k3_g32_linear conv_32_g2_linear gap linear_10",
    "activation first": "3x8x8: act_relu conv_8 gap linear_10",
    "relu6": "3x32x32: conv_16_k3_s2_relu6 pool_3_s2 conv_32_relu6 pool_2_s2_p0_avg linear_20_relu linear_10",
}
TORCH_ONLY = {
    "pad": "4x8x8: padc_6 act_sigmoid",
    "lrn": "8x9x9: lrn pool_3_s2_ceil",
}
TARGETS = [(name, precision) for name in runtime for precision in runtime[name].precisions]


def model_of(notation):
    network = read_network(notation)
    model = onnx_model(network, RandomWeights(3)).SerializeToString()
    return model, np.random.default_rng(5).standard_normal((1, *network.input)).astype(np.float32)


def expected(model, image):
    return runtime.make("onnxruntime_cpu").load(model, 1).scores(image)


@pytest.mark.parametrize("notation", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize(("name", "precision"), TARGETS)
def test_scores_are_those_of_onnx_runtime(name, precision, notation):
    made = runtime.make(name)
    if reason := made.unavailable(precision):
        pytest.skip(reason)
    model, image = model_of(notation)
    session = made.load(model, 1, precision)
    right = expected(model, image)

    session.call()
    session.execute()
    scores = session.scores(image)

    assert scores.shape == right.shape
    doubtful = precision in RECIPES and RECIPES[precision].may_saturate and saturates()
    tolerance = TOLERANCE[precision] * (SATURATED if doubtful else 1)
    assert np.abs(scores - right).max() <= tolerance * np.abs(right).max()


@pytest.mark.parametrize("name", list(runtime))
def test_what_is_not_a_model_is_refused(name):
    made = runtime.make(name)
    if reason := made.unavailable():
        pytest.skip(reason)

    with pytest.raises(MeasurementError):
        made.load(b"no model", 1)


@pytest.mark.parametrize("notation", [*NETWORKS.values(), *TORCH_ONLY.values()], ids=[*NETWORKS, *TORCH_ONLY])
def test_the_torch_reading_computes_the_same(notation):
    model, image = model_of(notation)
    module, sample = read_onnx(model)
    right = expected(model, image)

    found = module(sample.new_tensor(image)).numpy()

    assert sample.shape == image.shape
    assert np.abs(found - right).max() <= TOLERANCE[FP32] * np.abs(right).max()
