"""Layers of bits compute what the graph in floats does, batch norm, padding, pooling and all."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import batch_norm, conv2d, linear, max_pool2d

from nas.binary.layers import ScoreLayer, binary_layer, pixel_layer, run
from nas.binary.product import Weights
from nas.binary.thresholds import fold
from nas.binary.window import Window
from nas.native import binary


def on(norm):
    """The outputs' signs after this batch norm, from integer sums."""

    def is_on(sums):
        return (norm(torch.from_numpy(sums).float()[None])[0] >= 0).numpy()

    return is_on


def norms(outputs, generator, spread):
    """Batch norms in evaluation; a third of the scales is negative, and one is 0."""
    mean, beta = (spread * torch.randn(outputs, generator=generator) for _ in range(2))
    variance = spread**2 * torch.rand(outputs, generator=generator) + 0.1
    gamma = torch.rand(outputs, generator=generator) + 0.1
    gamma[::3] *= -1
    gamma[-1] = 0

    return lambda x: batch_norm(x, mean, variance, gamma, beta / spread, eps=1e-4)


@given(st.integers(1, 300), st.integers(0, 2**32))
def test_a_threshold_is_where_the_graph_changes_its_mind(limit, seed):
    rng = np.random.default_rng(seed)
    borders, rises = rng.integers(-limit - 2, limit + 3, 9), rng.random(9) < 0.5

    def is_on(sums):
        return np.where(rises, sums >= borders, sums <= borders)

    folded = fold(is_on, 9, limit)
    for value in range(-limit, limit + 1):
        sums = np.full(9, value)
        directed = np.where(folded.inverted, -sums, sums)
        assert np.array_equal(directed >= folded.thresholds, is_on(sums))


@pytest.fixture(params=binary.levels())
def level(request, monkeypatch):
    monkeypatch.setenv(binary.VARIABLE, request.param)


@pytest.mark.usefixtures("level")
def test_a_network_computes_what_the_graph_does():
    generator = torch.Generator().manual_seed(3)
    draw = lambda *shape: torch.randn(shape, generator=generator)  # noqa: E731 - one line is enough
    pixels = torch.randint(256, (5, 9, 9, 3), generator=generator, dtype=torch.uint8)
    weights = [draw(70, 3, 3, 3), draw(66, 70, 3, 3), draw(65, 66, 2, 2), draw(10, 65)]
    first, second, third = norms(70, generator, 900.0), norms(66, generator, 25.0), norms(65, generator, 15.0)

    def sign(x):
        return torch.where(x >= 0, 1.0, -1.0)

    x = 2 * pixels.permute(0, 3, 1, 2).float() - 255
    x = sign(first(conv2d(x, sign(weights[0]), padding=1)))
    x = sign(second(max_pool2d(conv2d(x, sign(weights[1]), padding=1, stride=2), 2)))
    x = sign(third(linear(nn.Flatten()(x), sign(weights[2]).flatten(1))))
    expected = linear(x, sign(weights[3])) * 0.5 + 2

    arrays = [weight.numpy() for weight in weights]
    layers = [
        binary_layer(arrays[1], on(second), Window((3, 3), stride=2, padding=1), pool=2),
        binary_layer(arrays[2], on(third), Window((2, 2))),
    ]
    scores = ScoreLayer(Weights.of(arrays[3]), np.full(10, 0.5, np.float32), np.full(10, 2, np.float32))
    found = run(pixel_layer(arrays[0], on(first), Window((3, 3), padding=1)), layers, scores, pixels.numpy(), batch=2)
    assert np.array_equal(found, expected.numpy())
