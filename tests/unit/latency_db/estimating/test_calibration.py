import numpy as np
import pytest

from latency_db.estimating.calibration import NOISE_STD, STEADY, Calibration, SessionSpread
from latency_db.estimating.kernel_table import KernelSums

FIXED_MS = 0.005


def sums(count, seed, *, interpolated=0.0, deviation=0.0):
    """Made-up networks of 0.1 to 10 ms and 0.5 to 30 MB, a share of whose time is interpolated."""
    rng = np.random.default_rng(seed)
    ms, weights = 10 ** rng.uniform(-1, 1, count), 10 ** rng.uniform(-0.3, 1.5, count)
    zero, kernels = np.zeros(count), rng.integers(4, 25, count).astype(np.float64)
    parts = ms * (1 - interpolated), ms * interpolated
    return KernelSums(*parts, zero + 1e-10, (ms * deviation) ** 2, weights, zero, kernels)


def truth(of, residual, seed=0, noise=0.0):
    off = np.random.default_rng(seed).normal(0, noise, len(of.ms))
    return FIXED_MS + of.ms * np.exp(residual + off)


def fitted(of, measured_ms):
    return Calibration.fit(of, measured_ms, FIXED_MS)


def test_without_networks_there_is_no_residual_and_nothing_learned():
    found = fitted(sums(0, 0), np.zeros(0)).predict(sums(50, 1), FIXED_MS, 0.0)

    assert found.ms == pytest.approx(FIXED_MS + sums(50, 1).ms)
    assert not found.learned.any()
    assert np.all(found.high_ms / found.ms > 1.05)


def test_a_planted_level_is_found():
    seen, asked = sums(40, 0), sums(100, 1)

    found = fitted(seen, truth(seen, 0.06)).predict(asked, FIXED_MS, 0.0)

    assert found.ms == pytest.approx(truth(asked, 0.06), rel=0.005)


def test_a_planted_cost_of_each_kernel_is_found():
    """3 us each, which no level explains: a network of 0.1 ms may have twenty, and one of 10 ms four."""
    seen, asked = sums(40, 0), sums(100, 1)

    def beside(of):
        return np.log1p(0.003 * of.kernels / of.ms)

    calibrated = fitted(seen, truth(seen, beside(seen))).predict(asked, FIXED_MS, 0.0).ms

    off = np.abs(np.log(calibrated / truth(asked, beside(asked))))
    assert np.mean(off) < np.mean(beside(asked)) / 3


def test_a_planted_cost_of_weights_beyond_a_cache_is_found():
    """25 us for each MB beyond 8, in milliseconds, which no level explains."""
    seen, asked = sums(40, 0), sums(100, 1)

    def streamed(of):
        return np.log1p(0.025 * np.maximum(of.weights_mb - 8, 0) / of.ms)

    calibrated = fitted(seen, truth(seen, streamed(seen))).predict(asked, FIXED_MS, 0.0).ms

    large = (asked.weights_mb > 12) & (asked.ms > 1)
    off = np.abs(np.log(calibrated / truth(asked, streamed(asked))))[large]
    assert np.mean(off) < np.mean(streamed(asked)[large]) / 3


def test_units_do_not_matter():
    """The same device ten times slower: everything scales."""
    seen, asked = sums(30, 0), sums(10, 1)
    slow = [
        of._replace(measured_ms=10 * of.measured_ms, repeat_var_ms2=100 * of.repeat_var_ms2) for of in (seen, asked)
    ]

    one = Calibration.fit(seen, seen.ms * 1.04, 0.0).predict(asked, 0.0, 0.0)
    ten = Calibration.fit(slow[0], slow[0].ms * 1.04, 0.0).predict(slow[1], 0.0, 0.0)

    assert ten.ms == pytest.approx(10 * one.ms)
    assert ten.high_ms == pytest.approx(10 * one.high_ms)


def test_an_outlier_among_the_networks_has_little_influence():
    seen, asked = sums(20, 0), sums(100, 1)
    measured_ms = truth(seen, 0.02, noise=0.01)
    measured_ms[3] *= 2

    found = fitted(seen, measured_ms).predict(asked, FIXED_MS, 0.0)

    assert np.median(np.abs(found.ms / truth(asked, 0.02) - 1)) < 0.02


@pytest.mark.parametrize("noise", [0.005, 0.02, 0.06])
def test_nine_in_ten_lie_in_their_interval(noise):
    covered = []
    for seed in range(20):
        seen, asked = sums(60, seed), sums(300, 100 + seed)
        calibration = fitted(seen, truth(seen, 0.03, seed, noise))
        found, ms = calibration.predict(asked, FIXED_MS, 0.0), truth(asked, 0.03, 1000 + seed, noise)
        covered.append(np.mean((found.low_ms <= ms) & (ms <= found.high_ms)))

    assert 0.87 < np.mean(covered) < 0.95


@pytest.mark.parametrize("noise", [0.02, 0.04, 0.08])
def test_nine_in_ten_lie_in_their_interval_with_17_networks(noise):
    """Normal errors, and Student's t with 3 degrees of freedom; a single choice of 17 deviates by 6 to 9 points."""
    for draw in (np.random.Generator.standard_normal, lambda rng, n: rng.standard_t(3, n) / 3**0.5):
        covered = []
        for seed in range(60):
            rng, seen, asked = np.random.default_rng(seed), sums(17, seed), sums(200, 100 + seed)
            calibration = fitted(seen, truth(seen, 0.03 + noise * draw(rng, 17)))
            found, ms = calibration.predict(asked, FIXED_MS, 0.0), truth(asked, 0.03 + noise * draw(rng, 200))
            covered.append(np.mean((found.low_ms <= ms) & (ms <= found.high_ms)))
        assert 0.88 < np.mean(covered) < 0.94


@pytest.mark.parametrize("disturbed", [0.02, 0.05])
def test_nine_in_ten_of_another_harness_lie_in_their_interval(disturbed):
    """A calibrating network stands for the fastest of five sessions; another harness measures once, and is slower."""
    of_sessions, of_consensus = [], []
    for seed in range(60):
        rng, seen, asked = np.random.default_rng(seed), sums(17, seed), sums(200, 100 + seed)
        sessions = np.abs(rng.normal(0, disturbed, (17, 5)))
        fastest = sessions.min(axis=1)
        calibration = fitted(seen, truth(seen, fastest, seed, 0.015))
        ms = truth(asked, np.abs(rng.normal(0, disturbed, 200)), 1000 + seed, 0.015)
        spread = SessionSpread.of((sessions - fastest[:, None]).ravel())
        for of, covered in ((spread, of_sessions), (STEADY, of_consensus)):
            found = calibration.predict(asked, FIXED_MS, 0.0, of)
            covered.append(np.mean((found.low_ms <= ms) & (ms <= found.high_ms)))

    assert 0.88 < np.mean(of_sessions) < 0.97
    assert np.mean(of_consensus) < np.mean(of_sessions) - 0.02


def test_sessions_that_are_only_slower_widen_the_upper_end():
    seen, asked = sums(30, 0), sums(10, 1)
    calibration = fitted(seen, truth(seen, 0.02, noise=0.01))
    slower = SessionSpread.of(np.linspace(0, 0.1, 50))

    steady, found = (calibration.predict(asked, FIXED_MS, 0.0, of) for of in (STEADY, slower))

    assert slower.faster == 0 < slower.slower
    assert np.all(found.ms == steady.ms)
    assert np.all(found.low_ms == steady.low_ms)
    assert np.all(found.high_ms > steady.high_ms)
    assert SessionSpread.of(np.zeros(0)) == STEADY


def test_intervals_of_interpolated_estimates_are_wider_and_their_shares_add_up_to_one():
    seen = sums(30, 0)
    calibration = fitted(seen, truth(seen, 0.05, noise=NOISE_STD))
    measured = calibration.predict(sums(50, 1), FIXED_MS, 0.0)
    partly = calibration.predict(sums(50, 1, interpolated=0.4, deviation=0.05), FIXED_MS, 0.0)

    ratio = (partly.high_ms - partly.low_ms) / (measured.high_ms - measured.low_ms)
    assert np.all(ratio > 1)
    assert np.median(ratio) > 1.5
    for found in (measured, partly):
        assert found.measured + found.interpolated + found.learned == pytest.approx(np.ones(50))
    assert not measured.interpolated.any()
    assert np.all(partly.interpolated > 0.3)


def test_the_residual_counts_as_learned():
    seen, asked = sums(30, 0), sums(5, 1)

    found = fitted(seen, truth(seen, np.log(1.25))).predict(asked, 0.0, 0.0)

    assert found.learned == pytest.approx(np.full(5, 0.2), abs=0.02)
