"""Weights, activations and gradients of a few bits: closed forms, and files that compute what was trained."""

import numpy as np
import onnxruntime
import pytest
import torch
from quadrants import one_thread  # noqa: F401 - a fixture that is used by itself
from torch import nn

from nas.compressing.files import unpacked
from nas.compression.bench import Bench
from nas.compression.forms import form_of, layers, parameter_of, set_form
from nas.compression.model import Model, restore
from nas.compression.packing import packed
from nas.compressor import compressor
from nas.compressors.uniform import Uniform, with_activations
from nas.errors import CompressionError
from nas.ops import Conv, GlobalPool, Linear, Network, Residual, Shape, seq
from nas.ops.coded import CodedTensor
from nas.ops.notation import read_network, write_network
from nas.ops.torch_reading.module import build
from nas.training.batches import normalised
from nas.training.tensors import tensor

TRAINING = {"epochs": 1, "batch_size": 32, "learning_rate": 0.02}
FORMS = [*((bits, "linear") for bits in range(1, 9)), *((bits, "logarithmic") for bits in (2, 3, 4))]


def compressed(images, ops, **parameters):
    network = Network(seq(*ops), Shape(images.channels, images.side, images.side))
    model = Model(network, build(network, seed=0).eval())
    stage = compressor.make({"name": "uniform", **TRAINING, **parameters})
    return stage.compress(model, Bench(images, seed=0, report=lambda *_: None))


@pytest.mark.parametrize(("bits", "scheme"), FORMS)
def test_each_weight_takes_the_nearest_level_and_its_codes_are_exact(bits, scheme):
    layer = nn.Linear(16, 8)
    weight = torch.randn(8, 16, generator=torch.Generator().manual_seed(bits))
    layer.weight.data[:] = weight
    set_form(layer, Uniform(bits=bits, scheme=scheme))
    used, stored = layer.weight.detach(), form_of(layer).coded(parameter_of(layer))
    assert (stored.bits, len(stored.levels)) == (bits, 2**bits)
    assert np.array_equal(stored.values(), used.numpy())
    levels = torch.from_numpy(stored.levels)
    distance = (weight.unsqueeze(-1) - levels).abs()
    if scheme == "logarithmic":
        of_sign = (weight.unsqueeze(-1) >= 0) == (levels > 0)
        distance = torch.where(of_sign, (weight.abs().log2().unsqueeze(-1) - levels.abs().log2()).abs(), torch.inf)
    assert torch.equal(levels[distance.argmin(-1)], used)


@pytest.mark.parametrize(
    ("bits", "scheme", "values", "slopes"),
    [
        (1, "linear", [2, -2, 2, 2], [1, -1, 1, 1]),
        (2, "linear", [2, -4, 0, 2], [1 - 0.75, -2, -0.1, 1]),
        (2, "logarithmic", [2, -2, 1, 2], [1 - 0.75, -1, 0.5 - 0.1, 1]),
    ],
)
def test_gradients_equal_the_closed_forms(bits, scheme, values, slopes):
    """The weight's gradient passes; that of the size is the level, less the ratio within the range, scaled."""
    layer = nn.Linear(4, 1, bias=False)
    set_form(layer, Uniform(bits=bits, scheme=scheme))
    form = form_of(layer)
    form.size.data.fill_(2.0)
    parameter_of(layer).data[:] = torch.tensor([[1.5, -9.0, 0.2, 3.0]])
    assert layer.weight.tolist() == [values]
    inputs = torch.tensor([[1.0, 10.0, 100.0, 1000.0]])
    layer(inputs).backward()
    assert torch.equal(parameter_of(layer).grad, inputs)
    largest = max(abs(value) for value in values) / 2
    expected = float((inputs * torch.tensor(slopes)).sum()) / (4 * largest) ** 0.5
    assert form.size.grad.item() == pytest.approx(expected, rel=1e-5)


def test_a_layer_of_zeros_has_codes_too():
    layer = nn.Linear(3, 2)
    layer.weight.data.zero_()
    set_form(layer, Uniform(bits=3, scheme="linear"))
    assert form_of(layer).coded(parameter_of(layer)).density == 0


@pytest.mark.parametrize(
    ("weights", "activations", "scheme"),
    [(1, 2, "linear"), (3, 3, "logarithmic"), (8, 8, "linear"), (None, 1, "linear")],
)
def test_the_file_computes_what_was_trained(images, weights, activations, scheme):
    """Weights and activations of few bits, in ONNX Runtime and restored from the state."""
    body = Residual(seq(Conv(8, 3), Conv(8, 3, act=None)), act="relu")
    model = compressed(
        images,
        (Conv(8, 3, 2), body, Conv(8, 3), GlobalPool(), Linear(4)),
        weight_bits=weights,
        activation_bits=activations,
        scheme=scheme,
    )
    act = f"{'uint' if scheme == 'linear' else 'pow'}{activations}"
    assert write_network(model.network) == (
        f"1x8x8: conv_8_k3_s2_{act} res([conv_8_k3_{act} conv_8_k3_linear])_{act} conv_8_k3_{act} gap linear_4"
    )
    stored = [model.weights()[f"{path}.weight"] for path in layers(model.module)]
    assert [isinstance(weight, CodedTensor) for weight in stored] == [False, *[weights is not None] * 3, False]
    inputs = normalised(tensor(images.test.images), images.mean, images.std)
    scores = onnxruntime.InferenceSession(unpacked(packed(model, images))).run(None, {"image": inputs.numpy()})[0]
    ours = model.module(inputs).detach().numpy()
    assert np.array_equal(restore(model.state()).module(inputs).detach().numpy(), ours)
    # Sums in another order may round an activation to its other neighbour; of a few, not of most.
    assert np.mean(np.abs(scores - ours).max(1) < 1e-4) > 0.9


def test_gradients_are_rounded_in_the_training_alone(images):
    ops = (Conv(8, 3, 2), Conv(8, 3), GlobalPool(), Linear(4))
    plain, coarse, again = (compressed(images, ops, gradient_bits=bits) for bits in (None, 2, 2))
    differs = [
        not torch.equal(a, b) for a, b in zip(plain.module.parameters(), coarse.module.parameters(), strict=True)
    ]
    assert any(differs)
    assert all(map(torch.equal, coarse.module.parameters(), again.module.parameters()))
    assert not any(layer._forward_hooks for layer in layers(coarse.module).values())


def test_only_activations_of_one_sign_are_replaced():
    network = read_network(
        "3x8x8: conv_8_relu conv_8_linear act_hswish conv_8_sigmoid conv_8_int4 cat(id|id)_relu6 linear_3"
    )
    assert write_network(with_activations(network, 4, "linear")).split(": ")[1] == (
        "conv_8_uint4 conv_8_linear act_uint4 conv_8_sigmoid conv_8_int4 cat(id|id)_uint4 linear_3"
    )


@pytest.mark.parametrize("field", ["weight_bits", "activation_bits"])
def test_powers_of_two_of_many_bits_are_refused(images, field):
    with pytest.raises(CompressionError, match=f"uniform.{field}: 8 for powers of two; give 2 to 4"):
        compressed(images, (Conv(8), Linear(4)), **{"scheme": "logarithmic", field: 8})
