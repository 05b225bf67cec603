"""The Gaussian process against its textbook formulas, one pair of networks at a time."""

from math import exp, sqrt

import numpy as np
import pytest

from nas.surrogates.gaussian_process import GaussianProcess, Observations, fit, log_likelihood, safe_cholesky
from nas.surrogates.kernel import CONSTANT, Hyperparameters, Layout

LAYOUT = Layout(scale_of=np.array([0, 0, 1, 2]), slope_of=np.array([0, 0, 0, 1]))
HYPER = Hyperparameters(rates=np.array([-0.5, 0.2, -1.0]), variance=0.3, slopes=np.array([-1.0, -2.0]), noise=-2.0)
VECTOR = np.array([-0.5, 0.2, -1.0, 0.3, -1.0, -2.0, -2.0])


@pytest.fixture
def seen():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(12, 4))
    return Observations(inputs, np.sin(inputs[:, 0]) + inputs[:, 3], rng.integers(1, 4, 12).astype(float))


def covariance(a, b):
    """Slopes, and Matérn's with a length scale a group (Rasmussen and Williams, eq. 4.17)."""
    rates, slopes = np.exp(HYPER.rates)[LAYOUT.scale_of], np.exp(HYPER.slopes)[LAYOUT.slope_of]
    r = sqrt(sum((rate * (x - y)) ** 2 for rate, x, y in zip(rates, a, b, strict=True)))
    local = exp(HYPER.variance) * (1 + sqrt(5) * r + 5 * r * r / 3) * exp(-sqrt(5) * r)
    return CONSTANT + sum(s * x * y for s, x, y in zip(slopes, a, b, strict=True)) + local


def test_the_posterior_is_that_of_the_textbook(seen):
    """Equations 2.23 and 2.24, on standardised values; the noise of a mean falls with the number of trainings."""
    unit, centre = seen.values.std(), seen.values.mean()
    matrix = np.array([[covariance(a, b) for b in seen.inputs] for a in seen.inputs])
    inverse = np.linalg.inv(matrix + np.diag(exp(HYPER.noise) / seen.repeats))
    new = np.random.default_rng(1).normal(size=(3, 4))
    across = np.array([[covariance(a, b) for b in seen.inputs] for a in new])
    mean = across @ inverse @ ((seen.values - centre) / unit) * unit + centre
    full = np.array([[covariance(a, b) for b in new] for a in new]) - across @ inverse @ across.T

    process = GaussianProcess(LAYOUT, HYPER, seen)
    predicted = process.predict(new)

    assert predicted.mean == pytest.approx(mean, abs=1e-6)
    assert process.mean(new) == pytest.approx(mean, abs=1e-6)
    assert predicted.deviation == pytest.approx(np.sqrt(np.diag(full)) * unit, abs=1e-6)
    assert process.covariance(new, predicted, 1) == pytest.approx(full[1] * unit**2, abs=1e-6)


def test_the_gradient_is_that_of_differences(seen):
    standard = (seen.values - seen.values.mean()) / seen.values.std()
    step = 1e-5
    differences = [
        (log_likelihood(LAYOUT, VECTOR + d, seen, standard)[0] - log_likelihood(LAYOUT, VECTOR - d, seen, standard)[0])
        / (2 * step)
        for d in step * np.eye(len(VECTOR))
    ]

    assert log_likelihood(LAYOUT, VECTOR, seen, standard)[1] == pytest.approx(differences, abs=1e-6)


def test_a_believed_network_is_predicted_as_before_with_less_deviation(seen):
    new = np.random.default_rng(2).normal(size=(4, 4))
    process = GaussianProcess(LAYOUT, HYPER, seen)
    before, after = process.predict(new), process.believing(new[:2]).predict(new)

    assert after.mean == pytest.approx(before.mean, abs=0.02)
    assert (after.deviation < before.deviation).all()
    assert after.deviation[0] < 0.5 * before.deviation[0]


def test_a_fit_finds_what_matters_and_the_noise():
    """Of two inputs one says the value, which is observed with a standard deviation of a tenth of its range."""
    rng = np.random.default_rng(3)
    inputs = rng.normal(size=(120, 2))
    values = np.sin(2 * inputs[:, 0]) + rng.normal(0, 0.2, 120)
    layout = Layout(scale_of=np.array([0, 1]), slope_of=np.array([0, 0]))
    seen = Observations(inputs, values, np.ones(120))

    hyper = fit(layout, seen, iterations=40)

    assert hyper.rates[0] > hyper.rates[1] + 1
    assert GaussianProcess(layout, hyper, seen).noise_deviation == pytest.approx(0.2, rel=0.3)


def test_values_that_are_all_equal_are_predicted_so(seen):
    same = Observations(seen.inputs, np.full(12, 0.7), seen.repeats)

    assert GaussianProcess(LAYOUT, fit(LAYOUT, same), same).predict(seen.inputs).mean == pytest.approx(0.7)


def test_a_singular_covariance_has_a_factor():
    """As that of one network twice, without noise."""
    factor = safe_cholesky(np.ones((3, 3)))

    assert factor @ factor.T == pytest.approx(np.ones((3, 3)), abs=1e-3)
    with pytest.raises(np.linalg.LinAlgError):
        safe_cholesky(-np.eye(2))
