"""Static quantization of ONNX models, by each recipe."""

import numpy as np
import onnx
import onnxruntime
import pytest

from nas.errors import CompressionError, FormatError
from nas.ops.notation import read_network
from nas.ops.onnx_graph import RandomWeights, onnx_model, tensors_by_member
from nas.quantization.qdq import activation_ranges, is_quantised, quantised
from nas.quantization.recipes import PRECISIONS, RECIPES, QuantizationRecipe, StaticQuantization
from nas.quantization.saturation import saturates
from nas.quantization.timing import latencies_ms

NETWORK = read_network("3x16x16: conv_16_k3_s2_relu6 [conv_32 conv_32_k3_g32_hswish se_8 conv_16_linear] gap linear_10")
IMAGES = np.random.default_rng(0).standard_normal((8, 3, 16, 16), np.float32)


@pytest.fixture(scope="module")
def model():
    return onnx_model(NETWORK, RandomWeights(0)).SerializeToString()


@pytest.fixture(scope="module")
def ranges(model):
    return activation_ranges(model, [IMAGES])


def scores(model, images=IMAGES):
    (found,) = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).run(None, {"image": images})
    return found


def test_ranges_are_those_of_all_batches(model, ranges):
    halves = activation_ranges(model, [IMAGES[:3], IMAGES[3:]])

    assert list(halves) == list(ranges)
    np.testing.assert_allclose(list(halves.values()), list(ranges.values()), rtol=1e-4, atol=1e-6)
    assert ranges["image"] == (IMAGES.min(), IMAGES.max())
    assert ranges["scores"] == pytest.approx((scores(model).min(), scores(model).max()))


@pytest.mark.parametrize("name", RECIPES)
def test_each_recipe_is_repeatable_small_and_near_the_floats(name, model, ranges):
    how = StaticQuantization(name, ranges)
    file = quantised(model, how)
    expected = scores(model)

    assert file == quantised(model, how)
    assert is_quantised(file)
    assert not is_quantised(model)
    assert np.abs(scores(file) - expected).max() < 0.25 * np.abs(expected).max()
    codes = [t for t in onnx.load_from_string(file).graph.initializer if t.name.endswith(".weight_quantized")]
    assert {t.data_type == onnx.TensorProto.INT8 for t in codes} == {RECIPES[name].signed_weights}
    largest = max(np.abs(onnx.numpy_helper.to_array(t).astype(int)).max() for t in codes)
    assert largest == (RECIPES[name].weight_limit if RECIPES[name].signed_weights else 255)


def test_the_stem_may_stay_in_floats(model, ranges):
    graph = onnx.load_from_string(quantised(model, StaticQuantization("int8_fp32_stem", ranges))).graph
    conv = next(node for node in graph.node if "image" in node.input)
    clip = next(node for node in graph.node if conv.output[0] in node.input)

    assert (conv.op_type, conv.input[1], clip.op_type) == ("Conv", "0.conv.weight", "Clip")
    assert {t.data_type for t in graph.initializer if t.name == "0.conv.weight"} == {onnx.TensorProto.FLOAT}
    assert "int8_fp32_stem" not in PRECISIONS, "a kernel is not at the begin of a network by itself"


def test_members_may_stay_in_floats(model, ranges):
    members = tensors_by_member(NETWORK)
    how = StaticQuantization("int8", ranges, frozenset(members[1]))
    file = quantised(model, how)
    types = {tensor.name: tensor.data_type for tensor in onnx.load_from_string(file).graph.initializer}
    expected = scores(model)

    assert [name for member in members for name in member] == [
        name for node in onnx.load_from_string(model).graph.node for name in node.output
    ]
    assert {name for name in types if name.startswith("1.") and name.endswith(".weight")} == {
        f"1.{layer}.weight" for layer in ("0.conv", "1.conv", "2.reduce", "2.expand", "3.conv")
    }, "these are as they were, in floats"
    assert types["0.conv.weight_quantized"] == types["3.linear.weight_quantized"] == onnx.TensorProto.INT8
    assert np.abs(scores(file) - expected).max() < 0.25 * np.abs(expected).max()
    assert StaticQuantization.read(how.described()) == how
    with pytest.raises(FormatError, match="recipe and ranges"):
        StaticQuantization.read({**how.described(), "floats": ["t99"]})


def test_a_file_with_all_members_in_floats_computes_what_the_floats_do(model, ranges):
    every = frozenset(name for member in tensors_by_member(NETWORK) for name in member)
    file = quantised(model, StaticQuantization("int8", ranges, every))

    assert not is_quantised(file)
    np.testing.assert_allclose(scores(file), scores(model), rtol=1e-5, atol=1e-6)


def test_depthwise_channels_of_unlike_size_need_scales_of_their_own():
    """Depthwise weights differ by orders of magnitude between channels, as folded batch norms make them."""

    class Unlike(RandomWeights):
        def folded(self, path, shape):
            weight, bias = super().folded(path, shape)
            powers = np.float32(10) ** -np.linspace(0, 3, shape[0], dtype=np.float32)
            return (weight * powers.reshape(-1, 1, 1, 1) if shape[1] == 1 else weight), bias

    network = read_network("3x16x16: conv_32_k3 conv_32_k3_g32_linear")
    model = onnx_model(network, Unlike(0)).SerializeToString()
    ranges = activation_ranges(model, [IMAGES])

    def survive(name):
        """Channels that still have a tenth of their weights."""
        graph = onnx.load_from_string(quantised(model, StaticQuantization(name, ranges))).graph
        (codes,) = (onnx.numpy_helper.to_array(t) for t in graph.initializer if "1.conv.weight_quantized" in t.name)
        return int(((codes != 0).mean((1, 2, 3)) > 0.1).sum())

    assert survive("int8") == survive("int8_7bit") == survive("int8_s8s8") == 32
    assert survive("int8_per_tensor") < 28


@pytest.mark.parametrize(("limit", "may"), [(127, True), (65, True), (64, False)])
def test_two_products_fit_in_16_bits_or_may_saturate(limit, may):
    recipe = QuantizationRecipe(weight_limit=limit)
    most = 2 * 255 * recipe.weight_limit
    assert recipe.may_saturate is (most > np.iinfo(np.int16).max) is may
    assert QuantizationRecipe(signed_activations=True, weight_limit=limit).may_saturate is may
    assert not QuantizationRecipe(signed_weights=False).may_saturate


def test_this_processor_computes_as_it_says():
    """What the probe says of sums holds of a whole file, whose activations and weights are all as large as they get."""
    network = read_network("64x1x1: conv_16_linear")

    class Ones(RandomWeights):
        def layer(self, _, shape):
            return np.ones(shape, np.float32), np.zeros(shape[0], np.float32)

        folded = layer

    model, images = onnx_model(network, Ones(0)).SerializeToString(), np.ones((1, 64, 1, 1), np.float32)
    ranges = activation_ranges(model, [images])

    def right(recipe):
        return bool(np.abs(scores(quantised(model, StaticQuantization(recipe, ranges)), images) - 64).max() < 1)

    assert right("int8") is not saturates()
    assert right("int8_s8s8") is not saturates()
    assert right("int8_7bit")


def test_latencies_of_models_side_by_side(model):
    found = latencies_ms({"a": model, "b": model})
    assert set(found) == {"a", "b"}
    assert all(latency > 0 for latency in found.values())


@pytest.mark.parametrize("broken", [b"no model", b""])
def test_what_is_no_model_is_refused(broken, ranges):
    with pytest.raises(CompressionError):
        quantised(broken, StaticQuantization("int8", ranges))
    with pytest.raises(CompressionError):
        activation_ranges(broken, [IMAGES])


def test_a_model_that_onnx_runtime_refuses(model, ranges):
    graph = onnx.load_from_string(model)
    graph.graph.node[0].op_type = "Abracadabra"
    with pytest.raises(CompressionError, match="Abracadabra"):
        activation_ranges(graph.SerializeToString(), [IMAGES])
    with pytest.raises(CompressionError, match="cannot quantise"):
        quantised(graph.SerializeToString(), StaticQuantization("int8", ranges))


@pytest.mark.parametrize(
    "described",
    [
        None,
        {},
        {"recipe": "int3", "ranges": {}},
        {"recipe": "int8", "ranges": [1, 2]},
        {"recipe": "int8", "ranges": {"image": [1]}},
        {"recipe": "int8", "ranges": {"image": [2, 1]}},
        {"recipe": "int8", "ranges": {"image": [0, float("inf")]}},
        {"recipe": "int8", "ranges": {"image": [float("nan"), 1]}},
        {"recipe": "int8", "ranges": {"image": [0, 1e38]}},
        {"recipe": "int8", "ranges": {"image": [0, 10**400]}},
        {"recipe": ["int8"], "ranges": {}},
        {"recipe": "int8", "ranges": {"image": ["0", "1"]}},
    ],
)
def test_a_damaged_description_is_refused(described):
    with pytest.raises(FormatError):
        StaticQuantization.read(described)


def test_a_description_is_read_again(ranges):
    how = StaticQuantization("int8_7bit", ranges)
    assert StaticQuantization.read(how.described()) == how
