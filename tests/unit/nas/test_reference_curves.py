"""How fast a network is beside a curve of others at equal accuracy."""

from dataclasses import replace
from math import exp, log, sqrt

import numpy as np
import pytest

from nas.reference_curves.outside import Outside
from nas.reference_curves.speed_up import Measured, SpeedUp, envelope, speed_up

CURVE = (Measured(0.8, 0.1), Measured(0.84, 0.2), Measured(0.86, 0.8))


def test_latency_between_two_networks_is_their_geometric_mean():
    """Halfway between 0.84 and 0.86 the curve takes sqrt(0.2 * 0.8) = 0.4 ms, four times 0.1."""
    assert speed_up(CURVE, Measured(0.85, 0.1)) == SpeedUp(pytest.approx(4.0))
    assert speed_up(CURVE, Measured(0.85, 0.8)) == SpeedUp(pytest.approx(0.5))


@pytest.mark.parametrize("own", CURVE)
def test_a_network_on_the_curve_is_as_fast_as_the_curve(own):
    assert speed_up(CURVE, own) == SpeedUp(pytest.approx(1.0))


def test_networks_that_are_slower_and_no_more_accurate_do_not_count():
    """In any order, between its ends and beyond them."""
    useless = (Measured(0.83, 0.3), Measured(0.84, 0.5), Measured(0.86, 0.9), Measured(0.7, 2.0))
    for order in ((*CURVE, *useless), (*useless, *CURVE), (*useless, *CURVE)[::-1]):
        assert envelope(order) == [*CURVE]
        assert speed_up(order, Measured(0.85, 0.1)).ratio == pytest.approx(4.0)
        assert speed_up(order, Measured(0.87, 0.1)) == SpeedUp(pytest.approx(8.0), outside=Outside.ABOVE)


def test_outside_the_curve_there_is_no_equal_accuracy():
    """The ratio is then that of the most accurate network, or of the fastest one."""
    assert speed_up(CURVE, Measured(0.9, 0.2)) == SpeedUp(pytest.approx(4.0), outside=Outside.ABOVE)
    assert speed_up(CURVE, Measured(0.7, 0.2)) == SpeedUp(pytest.approx(0.5), outside=Outside.BELOW)


def known(each, accuracy_error, latency_error=0.0):
    return replace(each, accuracy_error=accuracy_error, latency_error_ms=latency_error * each.latency_ms)


def test_an_interval_needs_all_errors_of_accuracies_and_repeats():
    curve = tuple(known(each, 0.002, 0.02) for each in CURVE)
    own = known(Measured(0.85, 0.1), 0.002, 0.02)

    found = speed_up(curve, own)

    assert found.low < found.ratio < found.high
    assert found == speed_up.__wrapped__(curve, own)
    assert speed_up(CURVE, own).low is None
    assert speed_up(curve, Measured(0.85, 0.1)).high is None


def test_the_interval_is_that_of_the_delta_method_where_errors_are_small():
    """On one segment the logarithm of the ratio is linear in all accuracies and logarithms of latencies, up to the
    product of errors: with s the segment's slope and t the place on it, its variance is
    s^2 (v + (1-t)^2 v + t^2 v) + (1-t)^2 u + t^2 u + u.
    """
    curve = tuple(known(each, 1e-4, 1e-3) for each in CURVE)
    slope, t = log(4) / 0.02, 0.5
    sd = sqrt(slope**2 * 1e-8 * (1 + 2 * t**2) + 1e-6 * (1 + 2 * t**2))

    found = speed_up(curve, known(Measured(0.85, 0.1), 1e-4, 1e-3), draws=20_000)

    assert log(found.high / found.low) == pytest.approx(2 * 1.96 * sd, rel=0.03)
    assert (found.low, found.high) == pytest.approx((4 * exp(-1.96 * sd), 4 * exp(1.96 * sd)), rel=1e-3)


def test_an_end_is_open_where_the_accuracy_may_be_outside():
    """The network may be better than the whole curve: then there is no largest ratio; and in the same way below it."""
    curve = tuple(known(each, 0.002) for each in CURVE)

    top, bottom = (speed_up(curve, known(Measured(accuracy, 0.1), 0.002)) for accuracy in (0.859, 0.801))

    assert top.outside is bottom.outside is None
    assert (top.high, bottom.low) == (None, None)
    assert 1 < top.low < top.ratio
    assert bottom.ratio < bottom.high


def test_intervals_hold_the_truth_as_often_as_they_say():
    """500 measurements of the same networks, each with errors as it says; at least 92 % of intervals of 95 % hold 4."""
    rng, held = np.random.default_rng(0), 0
    for _ in range(500):
        seen = [
            known(Measured(rng.normal(each.accuracy, 0.002), each.latency_ms * exp(rng.normal(0, 0.02))), 0.002, 0.02)
            for each in (*CURVE, Measured(0.85, 0.1))
        ]
        found = speed_up(tuple(seen[:-1]), seen[-1], draws=400)
        held += (found.low or 0) <= 4 <= (found.high or 99)
    assert held >= 460
