"""Agreement of two orders against scipy and slow versions; noise against simulation."""

import numpy as np
import pytest
from scipy import stats

from nas.proxy.noise import ceiling, noise
from nas.proxy.ranks import _taus, agreement


def drawn(seed, count=12, digits=1):
    """Three correlated scores with ties."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=count)
    return [np.round(common + rng.normal(size=count), digits) for _ in range(3)]


@pytest.mark.parametrize("seed", range(5))
def test_tau_is_scipys_also_with_ties(seed):
    proxy, longer, size = drawn(seed)

    found = agreement(proxy, longer, size, seed=0)

    assert found.tau.value == pytest.approx(stats.kendalltau(proxy, longer).statistic)
    assert found.tau_size.value == pytest.approx(stats.kendalltau(size, longer).statistic)
    assert found.gain.value == pytest.approx(found.tau.value - found.tau_size.value)


def test_the_taus_of_resamples_are_those_of_the_networks_written_out():
    proxy, longer, _ = drawn(1, count=8)
    rng = np.random.default_rng(2)
    picked = rng.integers(0, 8, (20, 8))
    weights = np.array([np.bincount(each, minlength=8) for each in picked], float)
    signs = [np.sign(np.subtract.outer(values, values)) for values in (proxy, longer)]

    fast = _taus(*signs, weights)

    slow = [stats.kendalltau(proxy[each], longer[each]).statistic for each in picked]
    np.testing.assert_allclose(fast, slow)


def test_given_the_size_nothing_is_left_of_an_agreement_that_is_the_sizes():
    size = np.arange(20.0)
    rng = np.random.default_rng(3)
    proxy, longer = size + 4 * rng.normal(size=20), size + 4 * rng.normal(size=20)

    found = agreement(proxy, longer, size, seed=0)
    xy, xz, yz = (stats.kendalltau(a, b).statistic for a, b in ((proxy, longer), (proxy, size), (size, longer)))

    assert found.tau_given_size.value == pytest.approx((xy - xz * yz) / np.sqrt((1 - xz**2) * (1 - yz**2)))
    assert found.tau_given_size.value < found.tau.value
    assert found.tau_given_size.low < 0 < found.tau_given_size.high


def test_an_order_that_there_is_not_has_no_tau():
    flat, longer, size = np.full(6, 0.1), np.arange(6.0), np.full(6, 1e6)

    found = agreement(flat, longer, size, seed=0)

    assert (found.tau, found.tau_size, found.gain, found.tau_given_size) == (None, None, None, None)


def test_the_same_order_is_certain_and_costs_nothing():
    values = np.arange(10.0)

    found = agreement(values, 2 * values, values[::-1], seed=0)

    assert (found.tau.value, found.tau.low, found.tau.high) == (1, 1, 1)
    assert found.tau_size.value == -1
    assert (found.top, found.shared, found.loss) == (3, 3, 0)


def test_best_networks_that_differ_are_counted_and_the_loss_is_the_longer_trainings():
    proxy, longer = np.array([0.9, 0.8, 0.7, 0.1, 0.2, 0.3]), np.array([0.1, 0.2, 0.3, 0.9, 0.8, 0.7])

    found = agreement(proxy, longer, np.arange(6.0), seed=0)

    assert (found.top, found.shared) == (2, 0)
    assert found.by_chance == pytest.approx(2 / 3)
    assert found.loss == pytest.approx(0.8)


def test_the_deviation_of_repeats_has_the_interval_of_normal_noise():
    found = noise([0.80, 0.82, 0.81, 0.85])

    deviation = np.std([0.80, 0.82, 0.81, 0.85], ddof=1)
    bounds = [deviation * np.sqrt(3 / stats.chi2.ppf(share, 3)) for share in (0.975, 0.025)]
    assert [found.deviation.value, found.deviation.low, found.deviation.high] == pytest.approx([deviation, *bounds])
    assert found.variation == pytest.approx(deviation / 0.82)


def test_the_ceiling_is_the_mean_tau_of_noisy_proxies_with_the_right_order():
    rng = np.random.default_rng(4)
    truth = np.array([0.70, 0.72, 0.73, 0.76, 0.77, 0.80, 0.81, 0.83])
    deviation = 0.02
    repeats = [0.7, 0.7 + deviation * np.sqrt(2)]  # whose standard deviation this is
    observed = 0.7 + (truth - 0.7) * np.sqrt(1 + deviation**2 / np.var(truth, ddof=1))

    found = ceiling(observed, noise(repeats))

    taus = [stats.kendalltau(truth, truth + deviation * rng.normal(size=8)).statistic for _ in range(1000)]
    assert found.value == pytest.approx(np.mean(taus), abs=0.02)
    assert found.low < found.value < found.high


def test_without_noise_only_equal_networks_have_no_order():
    still = noise([0.5, 0.5])

    assert ceiling(np.array([0.1, 0.2, 0.3]), still).value == 1
    assert ceiling(np.array([0.1, 0.1, 0.3]), still).value == pytest.approx(2 / 3)
    assert ceiling(np.array([0.5, 0.5, 0.5]), noise([0.4, 0.6])).value == 0
