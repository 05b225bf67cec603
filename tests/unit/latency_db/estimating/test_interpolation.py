from random import Random

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, DotProduct, Matern

from latency_db.estimating.features import kernel_features
from latency_db.estimating.interpolation import GaussianProcess
from nas.ops import Conv, Residual, Shape, seq
from nas.ops.kernels import Kernel, kernels
from nas.ops.leaves import leaves
from nas.ops.notation import read_network
from nas.spaces import load_space


def test_a_smooth_function_is_interpolated_and_its_uncertainty_grows_away_from_the_rows():
    rng = np.random.default_rng(0)
    rows, asked, away = rng.uniform(-1, 1, (120, 2)), rng.uniform(-1, 1, (50, 2)), np.full((1, 2), 6.0)

    def number(x):
        return 3 + np.sin(2 * x[:, 0]) + x[:, 1]

    learned = GaussianProcess.fit(rows, number(rows))
    found, deviation = learned.predict(asked)

    assert np.max(np.abs(found - number(asked))) < 0.2
    assert learned.predict(away)[1] > 5 * np.median(deviation)


def test_predictions_are_those_of_scikit_learns_gaussian_process():
    rng = np.random.default_rng(3)
    rows, asked = rng.normal(2, 3, (60, 4)), rng.normal(2, 4, (20, 4))
    numbers = rows[:, 0] + np.cos(rows[:, 1])
    learned = GaussianProcess.fit(rows, numbers)

    def standardised(features):
        return (features - rows.mean(0)) / rows.std(0) / np.sqrt(4)

    kernel = Matern(learned.length_scale, "fixed", nu=2.5) + DotProduct(0.0, "fixed") + ConstantKernel(10.0, "fixed")
    process = GaussianProcessRegressor(kernel, alpha=learned.noise_variance, optimizer=None)
    process.fit(standardised(rows), numbers - numbers.mean())
    mean, deviation = process.predict(standardised(asked), return_std=True)

    found, spread = learned.predict(asked)
    assert found == pytest.approx(numbers.mean() + mean)
    assert spread == pytest.approx(np.sqrt(learned.variance * (deviation**2 + learned.noise_variance)), rel=1e-6)


def test_a_constant_column_has_no_effect():
    rows = np.column_stack([np.linspace(0, 1, 30), np.full(30, 7.0)])

    learned = GaussianProcess.fit(rows, rows[:, 0])

    assert learned.predict(np.array([[0.5, 7.0]]))[0] == pytest.approx(learned.predict(np.array([[0.5, 9.0]]))[0])


def test_features_distinguish_the_kernels_of_a_space():
    space, rng = load_space("mobile"), Random(0)
    found = list({k: None for _ in range(20) for k in kernels(space.sample(rng).architecture.expand())})

    features = kernel_features(found)

    assert np.isfinite(features).all()
    assert len(np.unique(features, axis=0)) > 0.99 * len(found)


def test_features_show_whether_channels_fill_vectors():
    full, odd = (kernel_features([Kernel(seq(Conv(channels)), Shape(channels, 8, 8))])[0] for channels in (16, 18))

    assert full[-1] == pytest.approx(np.log1p(16 * 16 * 64))
    assert odd[-1] == pytest.approx(np.log1p(32 * 32 * 64))


def test_leaves_are_read_in_order_with_their_inputs():
    network = read_network("3x8x8: conv_8_s2 res([conv_16 conv_8]) cat(conv_4|pool_3_s1) gap linear_2")

    found = [(leaf.tag, x) for leaf, x in leaves(network.op, network.input)]

    assert found == [
        ("conv", Shape(3, 8, 8)),
        ("conv", Shape(8, 4, 4)),
        ("conv", Shape(16, 4, 4)),
        ("id", Shape(8, 4, 4)),
        ("conv", Shape(8, 4, 4)),
        ("pool", Shape(8, 4, 4)),
        ("gap", Shape(12, 4, 4)),
        ("linear", Shape(12, 1, 1)),
    ]
    with pytest.raises(TypeError, match="no parts of"):
        next(leaves(None, Shape(1, 1, 1)))


def test_a_kernel_is_recognised_by_its_run():
    """But not by that of its context, unless that is a kernel itself."""
    space, rng = load_space("mobile"), Random(1)
    for kernel in {k for _ in range(10) for k in kernels(space.sample(rng).architecture.expand())}:
        assert Kernel.of_run(kernel.in_context()) == kernel

    block = Kernel(Residual(seq(Conv(32))), Shape(32, 8, 8))
    assert Kernel.of_run(block.context()) == Kernel(Conv(32), Shape(1, 8, 8))
    assert Kernel.of_run(read_network("8x4x4: conv_8 conv_8 conv_8")) is None
