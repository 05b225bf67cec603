"""Optimizers as their papers and the recipe define them."""

from math import sqrt

import pytest
import torch
from torch import nn

from nas.training import Recipe
from nas.training.optimizers import RMSProp, optimizer


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


@pytest.mark.parametrize("name", ["sgd", "adamw", "rmsprop"])
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
