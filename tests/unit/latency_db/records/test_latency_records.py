from dataclasses import replace

import numpy as np
import pytest

from latency_db.records.record import Statistic, Statistics


def test_statistics_of_known_timings():
    """0, 1, ... 100 ms have their percentiles as values; order does not matter."""
    timings = np.random.default_rng(0).permutation(101.0 * np.arange(101) / 101)

    found = Statistics.of(timings)

    assert (found.min_ms, found.p10_ms, found.p25_ms, found.median_ms) == pytest.approx((0, 10, 25, 50))
    assert (found.p90_ms, found.p99_ms, found.mean_ms, found.trimmed_mean_ms) == pytest.approx((90, 99, 50, 50))
    assert found.std_ms == pytest.approx(timings.std())
    assert found.n == 101


def test_the_trimmed_mean_leaves_out_the_outlier():
    found = Statistics.of([1.0] * 19 + [1000.0])

    assert found.trimmed_mean_ms == 1.0
    assert found.mean_ms == pytest.approx(50.95)


def test_error_is_the_distance_to_the_second_best_round(elsewhere):
    assert elsewhere.record("k", 0.1).error_ms == pytest.approx(0.001)


def test_the_statistic_is_cpu_time_for_one_thread_only(elsewhere):
    """With more threads the calling thread's time is not the whole."""
    assert Statistic.of(elsewhere.device) is Statistic.CPU_P10_BEST
    assert Statistic.of(replace(elsewhere.device, threads=2)) is Statistic.WALL_P10_BEST
