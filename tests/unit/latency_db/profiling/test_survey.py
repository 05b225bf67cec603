"""The order in which kernels are measured, when measuring stops, and the reported errors; on a device that is a
formula.
"""

from math import inf
from random import Random

import numpy as np
import pytest

from latency_db.estimating.kernel_table import KernelLatency
from latency_db.profiling.build import build_table
from latency_db.profiling.kernel_frequencies import kernel_frequencies
from latency_db.profiling.measurer import Measurer
from latency_db.profiling.survey import HeldOutKernel, Survey
from latency_db.records.reference_models import EMPTY_KERNEL
from latency_db.records.signatures import kernel_signatures
from nas.ops import Conv, Shape, seq
from nas.ops.cost import cost_of
from nas.ops.kernels import Kernel, kernels
from nas.spaces import load_space

A, B, C = (Kernel(seq(Conv(channels)), Shape(8, 8, 8)) for channels in (8, 16, 32))
SPACE = load_space(
    {
        "name": "wide",
        "resolution": [16, 32],
        "width_multiplier": [0.5, 1.0],
        "stem": {"width": 16, "stride": 1},
        "stages": [
            {"blocks": ["conv", "separable"], "layers": [1, 2], "width": [16, 24, 32], "stride": 2},
            {"blocks": [{"mbconv": {"kernel": [3, 5], "expansion": [3, 6]}}], "layers": [1, 2], "width": [32, 48]},
        ],
        "classes": 3,
    }
)
EMPTY_MS, CONTEXT_MS = 0.002, 0.01


def true_ms(kernel):
    """Roughly proportional to the multiply-adds, and a little that no feature explains."""
    return 1e-7 * cost_of(kernel.op, kernel.x)[1].macs ** 0.9 + 0.001 + 1e-4 * (sum(kernel.key.encode()) % 7)


class Formula(Measurer):
    """Stores latencies by the formula instead of measuring, batch by batch."""

    batch = 40

    def __init__(self, store, elsewhere):
        super().__init__(store, elsewhere.device)
        self.elsewhere, self.asked = elsewhere, []

    def measure_kernels(self, wanted, **_):
        self.asked.append(list(wanted))
        records = self.elsewhere.empties()
        for kernel in wanted:
            own, context = kernel_signatures(kernel)
            context_ms = EMPTY_MS if context == EMPTY_KERNEL else CONTEXT_MS
            records += [self.elsewhere.record(own.key, context_ms + true_ms(kernel))]
            records += [self.elsewhere.record(context.key, CONTEXT_MS)] if context != EMPTY_KERNEL else []
        self.store.add(records)
        self.estimator.predictor.reread(wanted)
        return len(wanted)


@pytest.fixture
def survey():
    """Two networks of 2 and 4 ms; A is measured."""
    shares = {
        A: KernelLatency(measured_ms=1),
        B: KernelLatency(interpolated_ms=1, interpolated_var_ms2=0.04),
        C: KernelLatency(0, 2, 0, 9),
    }
    return Survey([{A: 1, B: 1}, {B: 2, C: 1}], np.array([2.0, 4.0]), shares)


def test_gains_are_squared_relative_errors_of_networks(survey):
    """A kernel that runs twice is off twice; interpolation is never off by more than the whole."""
    assert survey.gains() == pytest.approx({C: 4 / 16 / 2, B: (0.04 / 4 + 4 * 0.04 / 16) / 2})
    assert list(survey.gains()) == [C, B]


def test_the_expected_error_is_that_of_a_random_network(survey):
    first, second = (0.04) ** 0.5 / 2, (4 * 0.04 + 4) ** 0.5 / 4

    assert survey.expected_error(1.0) == pytest.approx((first + second) / 2)
    assert survey.expected_error(4.0) == pytest.approx(first + second)


def test_kernels_interpolated_before_they_were_measured_show_the_error_of_interpolation(survey):
    assert survey.held_out([]) is None
    found = survey.held_out([HeldOutKernel(B, 1.2, 0.01, 1.0), HeldOutKernel(C, 1.0, 0.04, 2.0)])

    assert (found.kernels, found.median) == (2, pytest.approx(0.35))
    assert found.network == pytest.approx((0.2 / 1 + (1 - 0.4) / 4) / 2)
    expected, seen = 0.01 / 4 + (4 * 0.01 + 0.04) / 16, (0.2 / 2) ** 2 + (0.6 / 4) ** 2
    assert found.variance_inflation == pytest.approx(seen / expected)
    assert survey.held_out([HeldOutKernel(B, 1.0, 0.01, 1.0)]).variance_inflation == 1.0


def test_a_table_is_built_by_gain_and_stops_when_it_is_good_enough(store, elsewhere):
    frequencies = kernel_frequencies(SPACE)
    measurer, reports = Formula(store, elsewhere), []

    found = build_table(measurer, SPACE, budget_s=inf, good_enough=0.02, progress=reports.append)

    assert measurer.asked[0] == list(frequencies)[: Formula.batch]
    assert measurer.asked[1] != list(frequencies)[Formula.batch : 2 * Formula.batch]
    assert [table.measured for table in reports] == [Formula.batch * (n + 1) for n in range(len(reports))]
    assert (reports[0].held_out, reports[0].expected_error) == (None, None)
    assert found.good_enough
    assert 0 < found.expected_error <= 0.02 < reports[-2].expected_error
    assert found.measured + found.missing == found.kernels == len(frequencies)
    assert found.missing > 0
    assert 0 < found.held_out.median <= found.held_out.p90
    assert found.held_out.kernels == found.measured - Formula.batch
    assert errors(measurer.estimator) < 2 * found.expected_error


def test_only_the_most_uncertain_kernels_of_a_candidate_are_measured(store, elsewhere):
    measurer, rng, known = Formula(store, elsewhere), Random(5), list(kernel_frequencies(SPACE))[:60]
    networks = [SPACE.sample(rng).architecture.expand() for _ in range(30)]
    assert measurer.kernels_to_measure(networks[0], 0.05) == list(dict.fromkeys(kernels(networks[0]))), (
        "nothing is known yet"
    )
    measurer.measure_kernels(known)

    asked = [(measurer.kernels_to_measure(n, 0.05), measurer.kernels_to_measure(n, 0.0), n) for n in networks]
    wanted, all_missing, candidate = next(each for each in asked if 0 < len(each[0]) < len(each[1]))
    measurer.measure_kernels(wanted)

    assert wanted == all_missing[: len(wanted)]
    assert set(all_missing) == set(kernels(candidate)).difference(known)
    assert measurer.kernels_to_measure(candidate, 0.1) == []
    assert measurer.estimator.estimate(candidate).interpolated > 0


def errors(estimator):
    """Mean relative error of random networks' estimates."""
    rng = Random(99)
    networks = [SPACE.sample(rng).architecture.expand() for _ in range(50)]
    found = [estimate.ms for estimate in estimator.estimate_many(networks)]
    exact = 0.005 + np.array([sum(true_ms(kernel) for kernel in kernels(network)) for network in networks])
    return float(np.mean(np.abs(found / exact - 1)))


def test_a_later_call_measures_the_rest_if_it_is_asked_to(store, elsewhere):
    build_table(Formula(store, elsewhere), SPACE, budget_s=inf, good_enough=0.05)
    again = build_table(Formula(store, elsewhere), SPACE, budget_s=inf, good_enough=0.05)
    rest = build_table(Formula(store, elsewhere), SPACE, budget_s=inf, good_enough=0)

    assert (again.measured_now, again.good_enough) == (0, True)
    assert (rest.missing, rest.expected_error, rest.good_enough) == (0, 0, False)
    assert rest.coverage == pytest.approx(1)
