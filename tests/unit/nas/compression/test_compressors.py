"""Pruning and trained quantization of a small  network."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from quadrants import one_thread  # noqa: F401 - a fixture that is used by itself

from nas.coder import Alphabet
from nas.coders.context import ContextCoder
from nas.compression.bench import Bench
from nas.compression.clustering.codebooks import Codebook
from nas.compression.clustering.moving_codes import following
from nas.compression.distillation import Distillation
from nas.compression.forms import coded_weight, layers, set_form
from nas.compression.model import Model, restore
from nas.compressor import compressor
from nas.compressors.rate import kept_bits
from nas.errors import CompressionError
from nas.ops import Conv, GlobalPool, Linear, Network, Pool, Shape, seq
from nas.ops.coded import CodedTensor
from nas.ops.torch_reading.module import build
from nas.training.batches import normalised

TRAINING = {"epochs": 2, "batch_size": 32, "learning_rate": 0.05}


@pytest.fixture
def model(images):
    shape = Shape(images.channels, images.side, images.side)
    network = Network(seq(Conv(8, 3), Pool(2, 2), Conv(16, 3, groups=2), GlobalPool(), Linear(4)), shape)
    return Model(network, build(network, seed=0).eval())


def compress(model, images, name, /, checkpoint=None, report=lambda *_: None, **parameters):
    stage = compressor.make({"name": name, **parameters, **TRAINING})
    return stage.compress(model, Bench(images, seed=0, report=report, checkpoint=checkpoint))


def weights(model):
    return [layer.weight.detach().clone() for layer in layers(model.module).values()]


def densities(model):
    return [float((weight != 0).float().mean()) for weight in weights(model)]


def test_each_layer_keeps_its_share_of_the_weights(model, images):
    compress(model, images, "prune", density=[0.5, 0.25, 0.1])
    sizes = [weight.numel() for weight in weights(model)]
    assert densities(model) == [round(share * size) / size for share, size in zip((0.5, 0.25, 0.1), sizes, strict=True)]


def test_a_global_share_falls_on_the_layers_by_magnitude(model, images):
    compress(model, images, "prune", density=0.3, scope="global")
    found = weights(model)
    assert sum(int((w != 0).sum()) for w in found) == round(0.3 * sum(w.numel() for w in found))
    assert len(set(densities(model))) == len(found)


@pytest.mark.parametrize("name", ["prune", "rate"])
def test_each_way_to_prune_keeps_its_share(model, images, name):
    compress(model, images, name, density=[0.5, 0.25, 0.5])
    assert densities(model) == pytest.approx([0.5, 0.25, 0.5], abs=0.01)


def test_rate_leaves_the_weights_that_cost_few_bytes():
    """Of the same weights it keeps as many as magnitudes do, and their places take fewer bytes."""
    weight = torch.randn(64, 256, generator=torch.Generator().manual_seed(0))
    field, mask = Shape(256, 1, 1), torch.ones(64, 256, dtype=torch.bool)
    for density in np.linspace(1, 0.1, 50):
        worth = weight.abs() / kept_bits(mask, field).sqrt()
        mask = worth >= worth.flatten().sort(descending=True).values[round(density * worth.numel()) - 1]
    largest = weight.abs() >= weight.abs().flatten().sort(descending=True).values[int(mask.sum()) - 1]
    assert largest.sum() == mask.sum()
    by_rate, by_size = (
        len(ContextCoder().encode(some.numpy().ravel().astype(np.uint8), Alphabet(64, field, 2, 0)))
        for some in (mask, largest)
    )
    assert by_rate < by_size


def test_the_bits_of_a_weight_follow_from_its_row_and_its_column():
    even = kept_bits(torch.eye(10, dtype=torch.bool), Shape(10, 1, 1))
    assert even.flatten().tolist() == pytest.approx([2.5 - math.log2(0.1 / 0.9)] * 100)
    mask = torch.zeros(20, 30, dtype=torch.bool)
    mask[0, :6] = mask[:4, 29] = True
    bits = kept_bits(mask, Shape(30, 1, 1))
    assert bits[0, 29] < bits[10, 29] < bits[10, 10]
    assert bits[0, 29] < bits[0, 10] < bits[10, 10] == bits.max()  # an empty row and an empty column


@pytest.mark.parametrize("codes", ["fixed", "moving"])
def test_shared_weights_take_few_values_and_pruned_ones_stay_zero(model, images, codes):
    compress(model, images, "prune", density=0.3)
    pruned = [weight == 0 for weight in weights(model)]
    compress(model, images, "trained_quantization", bits=[3, 2, 3], codes=codes)
    assert all(torch.equal(weight == 0, zeros) for weight, zeros in zip(weights(model), pruned, strict=True))
    for (path, layer), bits in zip(layers(model.module).items(), (3, 2, 3), strict=True):
        stored = model.weights()[f"{path}.weight"]
        assert isinstance(stored, CodedTensor)
        assert len(stored.levels) <= 2**bits + 1
        assert np.array_equal(stored.values(), layer.weight.detach().numpy())


def test_the_gradient_of_a_level_is_the_sum_over_its_weights():
    """Deep Compression, section 3.3."""
    codes = torch.tensor([[0, 1, 2], [2, 2, 1]], dtype=torch.uint8)
    layer = torch.nn.Linear(3, 2)
    book = Codebook(shape=(2, 3), levels=3, zero=1)
    book.codes.copy_(codes)
    set_form(layer, book)
    layer(torch.tensor([[1.0, 10.0, 100.0]])).backward(torch.tensor([[1.0, 2.0]]))
    # The gradient of the weight at (o, i) is output gradient o times input i; the level of zeros is fixed.
    assert layer.parametrizations.weight.original.grad.tolist() == [1, 0, 100 + 2 * 1 + 2 * 10]


def test_a_weight_moves_to_the_level_that_its_gradient_leads_to():
    layer = torch.nn.Linear(3, 1, bias=False)
    layer.weight.data = torch.tensor([[1.0, 0.0, -1.0]])
    nearest = following(layer.weight.detach().numpy(), 2, "lloyd")
    set_form(layer, nearest)
    layer(torch.tensor([[2.0, 5.0, 3.0]])).backward(torch.tensor([[1.0]]))
    latent = layer.parametrizations.weight.original
    assert latent.grad.tolist() == [[2, 0, 3]]
    latent.data -= 0.7 * latent.grad
    assert layer.weight.tolist() == [[-1, 0, -1]]
    nearest.move(latent)
    assert layer.weight.flatten().tolist() == pytest.approx([-1.75, 0, -1.75])  # the mean of 1 - 1.4 and -1 - 2.1


def test_a_compression_that_is_killed_goes_on_to_the_same_weights(model, images, tmp_path):
    again, cut = (restore(model.state()) for _ in range(2))
    compress(model, images, "prune", density=0.3)

    def killed(epoch, _):
        if epoch == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compress(cut, images, "prune", checkpoint=tmp_path / "state", report=killed, density=0.3)
    compress(again, images, "prune", checkpoint=tmp_path / "state", density=0.3)
    assert all(map(torch.equal, weights(model), weights(again)))


def test_a_restored_model_has_the_same_forms_and_scores(model, images):
    compress(model, images, "prune", density=0.3)
    compress(model, images, "trained_quantization", bits=2)
    again = restore(model.state())
    some = torch.randn(4, *model.network.input, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(again.module(some), model.module(some))
    assert all(map(torch.equal, weights(model), weights(again)))
    assert all(coded_weight(layer) for layer in layers(again.module).values())


@pytest.mark.parametrize(
    ("name", "parameters", "fault"),
    [
        ("prune", {"density": [0.5, 0.5]}, "2 values for 3 layers"),
        ("prune", {"density": [0.5, 0.5, 0.5], "scope": "global"}, "one number for all layers"),
        ("trained_quantization", {"bits": [2]}, "1 values for 3 layers"),
    ],
)
def test_a_number_for_each_layer_needs_as_many(model, images, name, parameters, fault):
    with pytest.raises(CompressionError, match=fault):
        compress(model, images, name, **parameters)


def test_trainings_follow_the_teacher_of_the_bench(images):
    shape = Shape(images.channels, images.side, images.side)
    larger = Network(seq(Conv(16, 3), GlobalPool(), Linear(4)), shape)
    teacher = Model(larger, build(larger, seed=5).eval())
    pixels = normalised(images.train.images, images.mean, images.std, images.side)

    def distance(bench):
        network = Network(seq(Conv(8, 3), GlobalPool(), Linear(4)), shape)
        stage = compressor.make({"name": "prune", "density": 0.9, "distillation": 1.0, **TRAINING})
        pruned = stage.compress(Model(network, build(network, seed=0).eval()), bench)
        with torch.no_grad():
            return float((pruned.module(pixels).softmax(1) - teacher.module(pixels).softmax(1)).abs().mean())

    alone = Bench(images, 0, lambda *_: None)
    assert distance(replace(alone, teacher=teacher)) < 0.5 * distance(alone)


def test_a_training_under_another_teacher_does_not_go_on(model, images):
    alone = Bench(images, 0, lambda *_: None)
    for share, matters in ((0.0, False), (0.5, True)):
        criteria = [Distillation(model, share, bench) for bench in (alone, replace(alone, teacher=model))]
        one, other = (json.dumps(criterion.identity()) for criterion in criteria)
        assert (one != other) == matters
