"""Products by powers of two: batch norm and gradients."""

import numpy as np
import pytest
import torch
from quadrants import one_thread, quadrants  # noqa: F401 - a fixture that is used by itself

from nas.compression.bench import Bench
from nas.compression.low_bits.gradients import rounded
from nas.compression.low_bits.shift_norm import ShiftBatchNorm, settle_shift_norms, use_shift_norms
from nas.compression.model import Model
from nas.compressor import compressor
from nas.ops import BatchNorm, Conv, GlobalPool, Linear, Network, Pool, Shape, seq
from nas.ops.torch_reading.module import build
from nas.ops.weights import StateWeights
from nas.training.shifts import nearest_power


def is_power_of_two(values):
    return np.frexp(np.abs(values))[0] == 0.5


def test_the_nearest_power_of_two_keeps_the_sign():
    values = torch.tensor([0.0, 1.0, 1.4, 1.42, -3.0, -0.3, 2.0**-60])
    assert nearest_power(values).tolist() == [0, 1, 1, 2, -4, -0.25, 2.0**-60]


def test_shift_based_batch_norm_is_algorithm_3():
    norm = ShiftBatchNorm(torch.nn.BatchNorm2d(2))
    norm.weight.data[:] = torch.tensor([1.5, -0.3])
    norm.bias.data[:] = torch.tensor([0.1, 0.2])
    x = torch.randn(4, 2, 3, 3, generator=torch.Generator().manual_seed(0)) * 3 + 1
    found = norm(x)
    for channel, (weight, bias) in enumerate(((2, 0.1), (-0.25, 0.2))):
        values = x[:, channel].double().numpy()
        centred = values - values.mean()
        variance = np.mean(centred * np.sign(centred) * 2 ** np.round(np.log2(np.abs(centred))))
        scale = 2 ** np.round(np.log2(1 / np.sqrt(variance + 1e-5)))
        np.testing.assert_allclose(found[:, channel].detach(), centred * scale * weight + bias, atol=1e-5)
        assert norm.running_mean[channel].item() == pytest.approx(0.1 * values.mean(), rel=1e-5)
        assert norm.running_var[channel].item() == pytest.approx(0.9 + 0.1 * variance, rel=1e-5)


def test_gradients_pass_the_powers_of_two():
    norm = ShiftBatchNorm(torch.nn.BatchNorm2d(1))
    x = torch.randn(8, 1, 2, 2, generator=torch.Generator().manual_seed(0), requires_grad=True)
    (norm(x) * torch.arange(32.0).reshape(8, 1, 2, 2)).sum().backward()
    assert norm.bias.grad.item() == 31 * 16
    assert x.grad.abs().sum() > 0
    assert norm.weight.grad.item() != 0


def test_settled_batch_norms_fold_to_powers_of_two():
    images = quadrants()
    network = Network(seq(Conv(8, 3, 2), Conv(8, 3), GlobalPool(), Linear(4)), Shape(1, 8, 8))
    stage = compressor.make(
        {"name": "uniform", "norm": "shift", "optimizer": "shift_adamax", "learning_rate": 2**-8, "epochs": 1}
    )
    model = stage.compress(Model(network, build(network, 0).eval()), Bench(images, 0, lambda *_: None))
    assert {type(part) for part in model.module.modules()} & {torch.nn.BatchNorm2d, ShiftBatchNorm} == {
        torch.nn.BatchNorm2d
    }
    weight, _ = StateWeights(model.weights()).folded("1", (8, 8, 3, 3))
    assert is_power_of_two(weight.scale).all()


def test_settling_changes_no_score():
    """Of batch norms behind convolutions, on their own, and of vectors."""
    network = Network(seq(Conv(8, 3), Pool(2, 2), BatchNorm("sign"), Linear(4), BatchNorm()), Shape(3, 8, 8))
    module = build(network, 0)
    kinds = [type(part) for part in module.modules()]
    use_shift_norms(module)
    inputs = torch.randn(16, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    for _ in range(3):
        module(inputs)
    module.eval()
    before = module(inputs)
    settle_shift_norms(module)
    assert [type(part) for part in module.modules()] == kinds
    torch.testing.assert_close(module(inputs), before)


@pytest.mark.parametrize("bits", [1, 2, 6])
def test_rounded_gradients_are_even_steps_and_right_on_average(bits):
    generator = torch.Generator().manual_seed(0)
    gradient = torch.randn(3, 4, 5, 5, generator=generator) * torch.tensor([1.0, 100.0, 0.0]).reshape(3, 1, 1, 1)
    noises = torch.rand(2000, *gradient.shape, generator=generator)
    found = torch.stack([rounded(gradient, bits, noise) for noise in noises])
    levels = torch.tensor([-1.0, 1.0]) if bits == 1 else torch.linspace(-1, 1, 2**bits - 1)
    for image, largest in zip(found.unbind(1), gradient.abs().amax((1, 2, 3)), strict=True):
        expected = largest * levels if largest else torch.zeros(1)
        taken = image.unique()
        assert ((taken[:, None] - expected).abs().amin(1) <= 1e-5 * largest).all()
    step = gradient.abs().amax((1, 2, 3), keepdim=True) * (levels[1] - levels[0])
    # The mean of 2000 roundings is off by 0.5 / sqrt(2000) steps of standard deviation at most.
    assert bool(((found.mean(0) - gradient).abs() <= 5 * 0.5 / 2000**0.5 * step + 1e-6).all())
