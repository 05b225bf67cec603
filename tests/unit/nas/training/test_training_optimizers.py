"""Optimizers as their papers and the recipe define them."""

import copy
from dataclasses import replace
from math import log2, sqrt

import pytest
import torch
from torch import nn

from nas.training import Recipe
from nas.training.optimizers import RMSProp, ShiftAdaMax, optimizer, orthogonal, set_rate


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


@pytest.mark.parametrize("name", ["sgd", "adamw", "rmsprop", "shift_adamax", "muon"])
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


@pytest.mark.parametrize("shape", [(6, 20), (20, 6), (1, 5)])
def test_orthogonal_is_a_polynomial_of_the_singular_values(shape):
    """Against the decomposition: five times 3.4445 s - 4.7750 s^3 + 2.0315 s^5, from s over the norm."""
    matrix = 7 * torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    values = values / values.norm()
    for _ in range(5):
        values = 3.4445 * values - 4.7750 * values**3 + 2.0315 * values**5

    torch.testing.assert_close(orthogonal(matrix), left @ torch.diag(values) @ right, rtol=1e-5, atol=1e-5)
    assert ((values > 0.68) & (values < 1.14)).all()


def test_muon_takes_orthogonal_steps_for_dense_filters_and_is_sgd_for_the_rest():
    """Three steps against the recurrence for the filter, and torch's SGD for depthwise, linear and vector weights."""
    module = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Conv2d(8, 8, 3, groups=8), nn.Linear(5, 4)
    ).double()
    other = copy.deepcopy(module)
    made = optimizer(module, Recipe(optimizer="muon", learning_rate=0.1, weight_decay=0.01))
    sgd = optimizer(other, Recipe(optimizer="sgd", learning_rate=0.1, weight_decay=0.01))
    filters, velocity = module[0].weight.detach().clone(), torch.zeros(8, 27, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)

    for rate in (0.1, 0.3, 0.2):
        for p, q in zip(module.parameters(), other.parameters(), strict=True):
            p.grad = torch.randn(p.shape, generator=generator, dtype=p.dtype)
            q.grad = p.grad.clone()
        gradient = module[0].weight.grad.reshape(8, 27)
        velocity = 0.9 * velocity + gradient
        step = orthogonal(gradient + 0.9 * velocity).reshape(8, 3, 3, 3)
        filters = filters * (1 - rate * 0.01) - rate * step
        for each in (made, sgd):
            set_rate(each, rate)
            each.step()

    torch.testing.assert_close(module[0].weight, filters)
    for (name, p), q in zip(module.named_parameters(), other.parameters(), strict=True):
        assert name == "0.weight" or torch.allclose(p, q, rtol=1e-12, atol=1e-14), name


def test_muon_scales_the_steps_of_tall_filters():
    """By the root of rows over columns: 8 rows, 2 columns, so 2; all singular values of the step are near that."""
    conv = nn.Conv2d(2, 8, 1, bias=False)
    nn.init.zeros_(conv.weight)
    made = optimizer(conv, Recipe(optimizer="muon", learning_rate=1.0, weight_decay=0.0))
    conv.weight.grad = torch.randn(8, 2, 1, 1, generator=torch.Generator().manual_seed(0))

    made.step()

    assert (torch.linalg.svdvals(conv.weight.detach().flatten(1)) / 2).sub(0.9).abs().max() < 0.25


@pytest.mark.parametrize("name", ["sgd", "adamw", "rmsprop", "shift_adamax", "muon"])
def test_biases_of_batch_norms_have_their_own_multiple_of_the_rate(name):
    """The same training as with the rate times 8, as far as those biases go, and as with the rate for all others."""
    modules = [nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4)) for _ in range(3)]
    for module in modules[1:]:
        module.load_state_dict(modules[0].state_dict())
    recipe = Recipe(optimizer=name, weight_decay=0.1)
    recipes = [replace(recipe, norm_bias_rate=8), recipe, recipe]
    gradients = [torch.randn(p.shape, generator=torch.Generator().manual_seed(0)) for p in modules[0].parameters()]

    for module, how, factor in zip(modules, recipes, (1, 1, 8), strict=True):
        made = optimizer(module, how)
        for rate in (0.01, 0.03):
            for p, gradient in zip(module.parameters(), gradients, strict=True):
                p.grad = gradient.clone()
            set_rate(made, factor * rate)
            made.step()

    scaled, plain, fast = (dict(module.named_parameters()) for module in modules)
    for key, p in scaled.items():
        torch.testing.assert_close(p, fast[key] if key == "1.bias" else plain[key])
