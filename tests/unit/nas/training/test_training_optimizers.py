"""Optimizers as their papers and the recipe define them."""

from math import log2, sqrt

import pytest
import torch
from torch import nn

from nas.training import Recipe
from nas.training.optimizers import RMSProp, ShiftAdaMax, optimizer


def test_rmsprop_is_the_scalar_recurrence_of_tensorflow():
    """Mean square from 1, epsilon inside the root, learning rate inside the momentum; a changing rate included."""
    weight = nn.Parameter(torch.tensor([0.7], dtype=torch.float64))
    optimizer = RMSProp([weight], lr=0.1, momentum=0.9)
    w, square, velocity = 0.7, 1.0, 0.0

    for rate in (0.1, 0.2, 0.05, 0.4):
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        (weight**3).sum().backward()
        optimizer.step()
        gradient = 3 * w * w
        square = 0.9 * square + 0.1 * gradient**2
        velocity = 0.9 * velocity + rate * gradient / sqrt(square + 1e-3)
        w -= velocity

        assert weight.item() == pytest.approx(w, rel=1e-12)


def test_rmsprop_leaves_gradients_and_parameters_without_gradient_alone():
    used, unused = nn.Parameter(torch.ones(2, 2)), nn.Parameter(torch.ones(2))
    optimizer = RMSProp([{"params": [used, unused], "weight_decay": 0.1}], lr=0.1, momentum=0.9)
    used.sum().backward()

    optimizer.step()

    assert torch.equal(unused, torch.ones(2))
    assert torch.equal(used.grad, torch.ones(2, 2))


@pytest.mark.parametrize("name", ["sgd", "adamw", "rmsprop", "shift_adamax"])
def test_weight_decay_shrinks_matrices_only(name):
    """With zero gradients nothing but decay moves a weight: not biases, not batch norm."""
    module = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4))
    before = {key: value.detach().clone() for key, value in module.named_parameters()}
    made = optimizer(module, Recipe(optimizer=name, learning_rate=0.1, weight_decay=0.1))
    for parameter in module.parameters():
        parameter.grad = torch.zeros_like(parameter)

    made.step()

    moved = {key for key, value in module.named_parameters() if not torch.equal(value, before[key])}
    assert moved == {"0.weight"}
    assert module[0].weight.norm() < before["0.weight"].norm()


def test_shift_based_adamax_is_the_scalar_recurrence_of_algorithm_4():
    """With the paper's numbers: 1 - beta_1 = 2^-3, 1 - beta_2 = 2^-10, and every factor a power of two."""
    weight = nn.Parameter(torch.tensor([0.7], dtype=torch.float64))
    optimizer = ShiftAdaMax([weight], lr=2.0**-10, momentum=0.9)
    w, mean, largest = 0.7, 0.0, 0.0

    for step in range(1, 6):
        optimizer.zero_grad()
        (weight**3).sum().backward()
        optimizer.step()
        gradient = 3 * w * w
        mean = 0.875 * mean + 0.125 * gradient
        largest = max((1 - 2**-10) * largest, gradient)
        powers = [2.0 ** round(log2(factor)) for factor in (2**-10 / (1 - 0.875**step), 1 / (largest + 2**-27))]
        w -= powers[0] * powers[1] * mean

        assert weight.item() == pytest.approx(w, rel=1e-12)
