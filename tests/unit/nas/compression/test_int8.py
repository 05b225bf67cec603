"""The compressor int8: weights, activations, fine-tuning, and the files."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from quadrants import one_thread, trained_state  # noqa: F401 - a fixture that is used by itself

from nas.compressing.chain import chain
from nas.compressing.files import unpacked
from nas.compressing.plan import checked, plan
from nas.compression.bench import Bench
from nas.compression.folding import folded
from nas.compression.low_bits import integers
from nas.compression.low_bits.integers import calibration_images, fastest
from nas.compression.low_bits.rounding import rounded_activations
from nas.compression.model import Model, restore
from nas.compression.packing import packed
from nas.compressor import compressor
from nas.compressors.int8 import Integers
from nas.container.file import read
from nas.errors import CheckpointError, FormatError
from nas.export import accuracy
from nas.ops.coded import CodedTensor
from nas.ops.notation import read_network
from nas.ops.onnx_graph import StateWeights, onnx_model
from nas.ops.torch_reading.module import build
from nas.quantization.qdq import is_quantised
from nas.quantization.recipes import RECIPES
from nas.quantization.saturation import saturates
from nas.training import Recipe
from nas.training.file_score import evaluate_file
from nas.training.fit import fit
from nas.training.score import evaluate

NETWORK = read_network(
    "1x8x8: conv_16_k3_relu6 res([conv_32 conv_32_k3_g32_hswish se_8 conv_16_linear]) pool_2_s2_p0_avg linear_4"
)
TUNING = {"epochs": 1, "batch_size": 32}
EXACT = "int8_7bit" if saturates() else "int8"
"""The first recipe whose sums this processor computes exactly."""


@pytest.fixture(scope="module")
def trained(images):
    return trained_state(NETWORK, images, epochs=4)


@pytest.fixture
def model(trained):
    return restore(trained)


def compress(model, images, checkpoint=None, report=lambda *_: None, **parameters):
    stage = compressor.make({"name": "int8", "integers": "int8", **TUNING, **parameters})
    return stage.compress(model, Bench(images, seed=0, report=report, checkpoint=checkpoint))


def test_folding_keeps_the_scores(model, images):
    some = torch.from_numpy(next(calibration_images(images, 8)))
    flat = folded(model)

    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in flat.module.modules())
    torch.testing.assert_close(flat.module(some), model.module(some), rtol=1e-4, atol=1e-4)
    assert folded(flat).network == flat.network


@pytest.mark.parametrize("name", RECIPES)
def test_integers_times_scales_are_what_the_layer_uses(name):
    generator = torch.Generator().manual_seed(0)
    form = Integers(recipe=name)
    for shape in ((8, 3, 3, 3), (16, 1, 3, 3), (4, 20)):
        weight = torch.randn(shape, generator=generator)
        weight[1] = 0
        weight[2] *= 1e-3
        used, coded = form(weight).numpy(), form.coded(weight)
        recipe = RECIPES[name]

        np.testing.assert_array_equal(coded.values(), used)
        size = (
            np.abs(weight.numpy()).reshape(shape[0], -1).max(1) if recipe.per_channel else np.abs(weight.numpy()).max()
        )
        step = np.broadcast_to(size / recipe.weight_limit, shape[0]).reshape(-1, *[1] * (len(shape) - 1))
        assert (np.abs(used - weight.numpy()) <= 0.51 * step * (1 if recipe.signed_weights else 1.01) + 1e-9).all()
        np.testing.assert_allclose(form(torch.from_numpy(used)).numpy(), used, rtol=1e-6)


def test_the_gradient_passes_the_rounding():
    weight = torch.randn(4, 3, 3, 3, requires_grad=True)
    Integers(recipe="int8")(weight).sum().backward()
    torch.testing.assert_close(weight.grad, torch.ones_like(weight))


@pytest.mark.parametrize("name", RECIPES)
def test_the_file_has_the_codes_of_the_container(name, model, images):
    made = compress(model, images, integers=name, fine_tuning=False)
    file = packed(made, images)
    container, graph = read(file), onnx.load_from_string(unpacked(file)).graph
    stored = {tensor.name: onnx.numpy_helper.to_array(tensor).astype(int) for tensor in graph.initializer}

    assert sum(not isinstance(weight, CodedTensor) for weight, _ in container.tensors.values()) == (
        RECIPES[name].float_layers
    )
    for path, (weight, _) in container.tensors.items():
        if RECIPES[name].signed_weights and isinstance(weight, CodedTensor):
            codes = stored[f"{path}.weight_quantized"]
            np.testing.assert_array_equal(codes, weight.levels[weight.codes].reshape(codes.shape), path)
    assert is_quantised(unpacked(file))
    assert not is_quantised(unpacked(file, as_floats=True))
    assert len(file) < len(unpacked(file))


def test_the_file_is_as_accurate_as_the_network(model, images):
    before = evaluate(model.module, images.validation, images.mean, images.std)
    made = compress(model, images, integers=EXACT)
    after = evaluate_file(unpacked(packed(made, images)), images.validation, images.mean, images.std)

    assert before.accuracy > 0.9
    assert after.accuracy >= before.accuracy - 0.02
    assert accuracy(unpacked(packed(made, images)), images, made.network) > 0.9


def test_depthwise_networks_do_not_collapse(model, images):
    """Channels of a depthwise convolution are made unlike by factors up to 1000, which the next layer takes back."""
    network = read_network("1x8x8: conv_16_k3_relu6 [conv_32 conv_32_k3_g32 conv_16_linear] pool_2_s2_p0 linear_4")
    model = Model(network, build(network, seed=0))
    fit(model.module, images, Recipe(epochs=4, batch_size=32), seed=0, report=lambda *_: None)
    model = folded(model)
    depthwise, project = (model.module.get_submodule(f"1.{at}.conv") for at in (1, 2))
    factors = 10.0 ** -torch.linspace(0, 3, len(depthwise.weight))
    with torch.no_grad():
        depthwise.weight *= factors.reshape(-1, 1, 1, 1)
        depthwise.bias *= factors
        project.weight /= factors.reshape(1, -1, 1, 1)
    before = evaluate(model.module, images.validation, images.mean, images.std).accuracy

    def after(integers, **parameters):
        made = compress(folded(model), images, integers=integers, **parameters)
        file = unpacked(packed(made, images))
        return evaluate_file(file, images.validation, images.mean, images.std).accuracy

    assert before > 0.9
    assert after(EXACT, fine_tuning=False) > 0.85, "by calibration alone, where guessing is right in 0.25"
    assert after(EXACT) >= before - 0.02


def test_the_fastest_recipe_does_not_saturate_here(model, images, monkeypatch):
    timed = []

    def latencies(files):
        timed.extend(files)
        return {name: {"int8_7bit": 1.0, "int8_s8s8": 1.02}.get(name, 2.0) for name in files}

    monkeypatch.setattr(integers, "latencies_ms", latencies)
    monkeypatch.setattr(integers, "TOLERANCE", 1.0)  # whatever this processor makes of those that may saturate
    monkeypatch.setattr(integers, "saturates", lambda: True)
    file = onnx_model(model.network, StateWeights(model.numbers())).SerializeToString()
    assert fastest(file, images, 8) == "int8_7bit"
    assert "int8" not in timed
    assert "int8_per_tensor" not in timed
    monkeypatch.setattr(integers, "saturates", lambda: False)
    timed.clear()
    fastest(file, images, 8)
    assert "int8" in timed


def test_activations_are_rounded_only_within(model, images):
    module = folded(model).module.eval()
    some = [torch.from_numpy(batch) for batch in calibration_images(images, 8)]
    plain = module(some[0])

    with rounded_activations(module, some, signed=False):
        rounded = module(some[0])
    assert 0 < (rounded - plain).abs().max() < 0.2 * plain.abs().max()
    assert len(rounded.unique()) <= 256
    torch.testing.assert_close(module(some[0]), plain)


def test_a_killed_fine_tuning_goes_on_as_if_nothing_had_been(trained, images, tmp_path):
    whole = compress(restore(trained), images, epochs=2)

    def end(epoch, _):
        if epoch == 1:
            raise InterruptedError

    path = tmp_path / "state.training"
    with pytest.raises(InterruptedError):
        compress(restore(trained), images, checkpoint=path, report=end, epochs=2)
    resumed = compress(restore(trained), images, checkpoint=path, epochs=2)
    assert packed(resumed, images) == packed(whole, images)
    with pytest.raises(CheckpointError):
        compress(restore(trained), images, checkpoint=path, epochs=2, integers="int8_7bit")


def test_a_measured_recipe_is_kept_for_the_next_call(model, images, tmp_path, monkeypatch):
    monkeypatch.setattr("nas.compressors.int8.fastest", lambda *_: "int8_7bit")
    path = tmp_path / "state.training"
    made = compress(model, images, checkpoint=path, integers="measured", fine_tuning=False)
    assert made.integers.recipe == "int8_7bit"
    monkeypatch.setattr("nas.compressors.int8.fastest", lambda *_: "int8")
    again = compress(made, images, checkpoint=path, integers="measured", fine_tuning=False)
    assert again.integers.recipe == "int8_7bit"


def test_a_fine_tuning_that_harms_is_not_kept(model, images):
    made = compress(model, images, learning_rate=5, distillation=0, clip_norm=100)
    score = evaluate_file(unpacked(packed(made, images)), images.validation, images.mean, images.std)
    assert score.accuracy > 0.9


def test_the_preset_says_the_accuracy_of_the_file(model, images, tmp_path):
    stages = [{**stage, "epochs": 1} if stage["name"] == "int8" else stage for stage in plan("int8").stages]
    run = {"dataset": images, "seed": 0, "folder": tmp_path, "listener": lambda *_: None}
    results = list(chain(model, checked({"stages": stages}).stages, **run))
    again = list(chain(model, stages, **run))

    assert [step.stage.name for step in results] == ["before", "int8", "entropy_coding"]
    assert results[1].stage.parameters["integers"] == results[1].model.integers.recipe in RECIPES
    for step in results[1:]:
        score = evaluate_file(unpacked(step.file), images.validation, images.mean, images.std)
        assert (step.stage.accuracy, step.stage.size_bytes) == (score.accuracy, len(step.file))
        assert packed(step.model, images) == step.file
    assert [(step.file, step.stage) for step in again] == [(step.file, step.stage) for step in results]
    assert results[-1].stage.size_bytes < 0.5 * results[0].stage.size_bytes


def test_ranges_of_a_damaged_file_are_refused(model, images):
    made = compress(model, images, fine_tuning=False)
    extreme = dict.fromkeys(made.integers.ranges, (-1e37, 1e37))
    assert is_quantised(unpacked(packed(replace(made, integers=replace(made.integers, ranges=extreme)), images)))
    for ranges in ({"image": (0.0, 1.0)}, {**made.integers.ranges, "no such tensor": (0.0, 1.0)}):
        file = packed(replace(made, integers=replace(made.integers, ranges=ranges)), images)
        with pytest.raises(FormatError):
            unpacked(file)
