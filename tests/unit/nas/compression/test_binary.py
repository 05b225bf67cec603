"""Binary weights and networks of signs (arXiv:1602.02830)."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from quadrants import one_thread, quadrants  # noqa: F401 - a fixture that is used by itself

from nas.compressing.files import unpacked
from nas.compressing.plan import checked, plan
from nas.compressing.source import trained
from nas.compression.bench import Bench
from nas.compression.forms import layers, parameter_of, set_form
from nas.compression.model import Model, restore
from nas.compression.packing import packed
from nas.compressor import compressor
from nas.compressors.binary import Binary, glorot_bound
from nas.container.file import read
from nas.errors import CompressionError, SpecError
from nas.export import accuracy
from nas.ops import BatchNorm, Conv, Linear, Network, Pool, Shape, seq
from nas.ops.coded import CodedTensor
from nas.ops.torch_reading.module import build
from nas.training import Recipe
from nas.training.batches import normalised
from nas.training.score import evaluate

TRAINING = {"epochs": 3, "batch_size": 16, "learning_rate": 0.02}
CONVOLUTIONS = seq(
    Conv(12, 3, norm=False, act=None), Pool(2, 2, 0), BatchNorm("sign"),
    Conv(20, 3, norm=False, act=None), BatchNorm("sign"),
    Linear(70), BatchNorm("sign"), Linear(4), BatchNorm(),
)  # fmt: skip


@pytest.fixture(scope="module")
def images():
    return plan("bnn").normalised(quadrants())


def binary(images, op=CONVOLUTIONS, *, checkpoint=None, report=lambda *_: None, **parameters):
    network = Network(op, Shape(images.channels, images.side, images.side))
    stage = compressor.make({"name": "binary", **TRAINING, **parameters})
    return stage.compress(Model(network, build(network, seed=1).eval()), Bench(images, 0, report, checkpoint))


@pytest.fixture(scope="module")
def model(images):
    return binary(images)


def test_a_binary_network_learns_and_its_files_are_as_accurate(model, images):
    """The container and plain ONNX give the scores of the module, with one bit for each weight."""
    expected = evaluate(model.module, images.test, images.mean, images.std).accuracy
    assert expected > 0.7
    file = packed(model, images)
    assert accuracy(unpacked(file), images, model.network) == expected
    assert accuracy(unpacked(file, as_floats=True), images, model.network) == expected
    weights = [weight for name, weight in model.weights().items() if name.endswith(("conv.weight", "linear.weight"))]
    assert all(isinstance(weight, CodedTensor) and weight.levels.tolist() == [-1, 1] for weight in weights)
    assert read(file).sizes["weights"] < sum(weight.codes.size for weight in weights) / 8 + 8 * (12 + 20 + 70 + 4) + 64


def test_parameters_stay_within_glorots_bound_and_biases_are_zero(model):
    for layer in layers(model.module).values():
        assert float(parameter_of(layer).detach().abs().max()) <= glorot_bound(layer) * (1 + 1e-6)
        assert not layer.bias.any()
    first = next(iter(layers(model.module).values()))
    assert glorot_bound(first) == pytest.approx((1.5 / (9 + 12 * 9)) ** 0.5)


def test_the_weight_is_the_sign_and_its_gradient_passes():
    layer = torch.nn.Linear(3, 1)
    layer.weight.data = torch.tensor([[-0.2, 0.0, 0.4]])
    set_form(layer, Binary(bound=0.1))
    assert layer.weight.tolist() == [[-1, 1, 1]]
    layer(torch.tensor([[2.0, 3.0, 4.0]])).sum().backward()
    assert parameter_of(layer).grad.tolist() == [[2, 3, 4]]


def test_a_bias_that_no_batch_norm_subtracts_stays(images):
    made = binary(images, seq(Linear(8, act="sign"), BatchNorm("sign"), Linear(4)), epochs=1)
    first, last = layers(made.module).values()
    assert first.bias.any()
    assert last.bias.any()


def test_a_network_without_batch_norms_is_refused(images):
    with pytest.raises(CompressionError, match="batch norms"):
        binary(images, seq(Linear(8, act="relu"), Linear(4)))


def test_stochastic_signs_go_on_after_a_kill_and_end_deterministic(images, tmp_path):
    def killed(epoch, _):
        if epoch == 1:
            raise KeyboardInterrupt

    options = {"activations": "stochastic", "loss": "cross_entropy", "epochs": 2}
    whole = binary(images, **options)
    with pytest.raises(KeyboardInterrupt):
        binary(images, **options, checkpoint=tmp_path / "state", report=killed)
    again = binary(images, **options, checkpoint=tmp_path / "state")
    assert all(torch.equal(a, b) for a, b in zip(whole.module.parameters(), again.module.parameters(), strict=True))
    assert not any(getattr(part, "stochastic", False) for part in whole.module.modules())


def test_a_model_comes_back_from_its_state(model):
    back = restore(model.state())
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((4, *model.network.input), np.float32))
    with torch.inference_mode():
        assert torch.equal(back.module(x), model.module(x))


def test_a_plan_may_begin_without_a_training(images):
    chosen = plan("bnn")
    network = Network(CONVOLUTIONS, Shape(1, 8, 8))
    start = trained(network, chosen.training, Bench(images, 3, lambda *_: None))
    assert torch.equal(start.module.state_dict()["0.conv.weight"], build(network, 3).state_dict()["0.conv.weight"])
    assert chosen.lasting(2).training is None
    assert chosen.lasting(2).stages[0]["epochs"] == 2
    with pytest.raises(SpecError, match="signed"):
        checked({"images": "rotated", "stages": chosen.stages})


def test_signed_images_are_exact_and_others_stay(images):
    found = normalised(np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1), images.mean, images.std).flatten()
    assert (256 * found).tolist() == list(range(-255, 256, 2))
    assert replace(plan("ttq"), signed=False).normalised(images) is images


def test_the_exponential_schedule_ends_at_a_ten_thousandth():
    recipe = Recipe(epochs=4, schedule="exponential", learning_rate=1.0, warmup=0.0)
    assert [recipe.rate(epoch) for epoch in range(5)] == pytest.approx([1, 0.1, 0.01, 0.001, 0.0001])
