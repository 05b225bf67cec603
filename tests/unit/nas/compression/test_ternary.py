"""Trained ternary quantization against the paper's closed forms, and its files."""

import numpy as np
import onnx
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
from nas.compressors.ternary import Ternary
from nas.errors import CompressionError
from nas.ops import Conv, GlobalPool, Linear, Network, Pool, Shape, seq
from nas.ops.coded import CodedTensor
from nas.ops.torch_reading.module import build
from nas.training.batches import normalised
from nas.training.tensors import tensor

TRAINING = {"epochs": 2, "batch_size": 32, "learning_rate": 0.02}


def made(images, *ops):
    network = Network(seq(*ops), Shape(images.channels, images.side, images.side))
    return Model(network, build(network, seed=0).eval())


@pytest.fixture(scope="module")
def ternary(images):
    model = made(images, Conv(8, 3), Conv(16, 3, 2), Conv(16, 3), GlobalPool(), Linear(4))
    stage = compressor.make({"name": "ternary", **TRAINING})
    return stage.compress(model, Bench(images, seed=0, report=lambda *_: None))


def test_gradients_equal_the_closed_forms():
    """Equations 7 and 8: Wp, 1 and Wn times the gradient in the zones, and its sums over them for Wp and Wn, here
    divided by the root of the number of weights.
    """
    layer = nn.Linear(4, 1, bias=False)
    layer.weight.data[:] = torch.tensor([[1.0, 0.04, -0.5, 0.5]])
    set_form(layer, Ternary(threshold=0.05))
    form = form_of(layer)
    assert form.sizes.tolist() == [0.75, 0.5]
    form.sizes.data[:] = torch.tensor([2.0, 3.0])
    assert layer.weight.tolist() == [[2, 0, -3, 2]]
    layer(torch.tensor([[1.0, 10.0, 100.0, 1000.0]])).backward()
    assert form.sizes.grad.tolist() == [(1 + 1000) / 2, -100 / 2]
    assert parameter_of(layer).grad.tolist() == [[2 * 1, 10, 3 * 100, 2 * 1000]]


def test_the_gradients_of_wp_and_wn_are_slopes_of_the_loss():
    generator = torch.Generator().manual_seed(0)
    weight, factor = torch.randn(2, 8, 5, 3, 3, generator=generator, dtype=torch.float64)
    form = Ternary(threshold=0.3).double()
    form.sizes.data[:] = torch.tensor([0.7, 0.4])

    def loss(sizes):
        form.sizes.data[:] = sizes
        return float((factor * form(weight)).pow(2).sum().detach())

    (factor * form(weight)).pow(2).sum().backward()
    step = 1e-6 * torch.eye(2, dtype=torch.float64)
    start = form.sizes.data.clone()
    slopes = [(loss(start + delta) - loss(start - delta)) / 2e-6 for delta in step]
    assert (form.sizes.grad * weight.numel() ** 0.5).tolist() == pytest.approx(slopes, rel=1e-6)


def test_inner_layers_take_three_values_and_the_ends_stay_floats(ternary):
    stored = [ternary.weights()[f"{path}.weight"] for path in layers(ternary.module)]
    assert [isinstance(weight, CodedTensor) for weight in stored] == [False, True, True, False]
    for weight, layer in zip(stored[1:-1], list(layers(ternary.module).values())[1:-1], strict=True):
        assert (len(weight.levels), weight.bits) == (3, 2)
        assert np.array_equal(weight.values(), layer.weight.detach().numpy())


def test_a_size_that_training_made_negative_or_equal_has_codes_too():
    layer = nn.Linear(3, 1, bias=False)
    layer.weight.data[:] = torch.tensor([[1.0, 0.0, -1.0]])
    set_form(layer, Ternary(threshold=0.05))
    for sizes in ([-0.5, 2.0], [0.0, 1.0], [0.5, -0.5]):
        form_of(layer).sizes.data[:] = torch.tensor(sizes)
        assert np.array_equal(form_of(layer).coded(parameter_of(layer)).values(), layer.weight.detach().numpy())


def test_the_onnx_file_has_codes_of_two_bits_and_the_scores_of_the_module(ternary, images):
    file = packed(ternary, images)
    model = onnx.load_from_string(unpacked(file))
    codes = [t for t in model.graph.initializer if t.name.endswith(".codes")]
    assert [t.data_type for t in codes] == [onnx.TensorProto.UINT2] * 2
    inputs = normalised(tensor(images.test.images), images.mean, images.std)
    scores = onnxruntime.InferenceSession(unpacked(file)).run(None, {"image": inputs.numpy()})[0]
    np.testing.assert_allclose(scores, ternary.module(inputs).detach().numpy(), atol=1e-4)


def test_wp_and_wn_are_kept_with_the_state(ternary):
    again = restore(ternary.state())
    assert all(map(torch.equal, again.module.parameters(), ternary.module.parameters()))


def test_a_network_of_two_layers_has_none_between(images):
    model = made(images, Conv(8, 3), Pool(2, 2), Linear(4))
    with pytest.raises(CompressionError, match="none between the first and the last of 2"):
        compressor.make({"name": "ternary", **TRAINING}).compress(model, Bench(images, 0, lambda *_: None))
