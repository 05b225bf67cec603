"""Scales, fits and quantiles against scipy, scikit-learn and slow obvious versions."""

import numpy as np
import pytest
from scipy import optimize, stats
from sklearn.linear_model import HuberRegressor, Ridge, TheilSenRegressor

from latency_db.robust_statistics import (
    column_medians,
    conformal_quantile,
    huber_regression,
    median_scale,
    normal_half_width,
    normal_scale,
    quadratic_form,
    resistant_line,
    spearman,
    student_half_width,
    student_weights,
    weighted_ridge,
)


def outlying_line(seed, count=200, share=0.1):
    """x, y and a slope of 1.5 with an intercept of 0.3, of which some rows are far off."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 2, count)
    y = 0.3 + 1.5 * x + 0.05 * rng.standard_normal(count)
    return x, np.where(rng.random(count) < share, y + 7, y)


@pytest.mark.parametrize("coverage", [0.1, 0.5, 0.9, 0.99])
def test_half_widths_are_those_of_scipy(coverage):
    assert normal_half_width(coverage) == pytest.approx(stats.norm.ppf((1 + coverage) / 2), rel=1e-12)
    assert student_half_width(coverage) == pytest.approx(stats.t.ppf((1 + coverage) / 2, df=4), rel=1e-9)


def test_the_usual_rounded_constants_are_these():
    assert 1 / normal_half_width(0.5) == pytest.approx(1.4826, abs=5e-5)
    assert normal_half_width(0.9) == pytest.approx(1.645, abs=2e-4)


def test_median_scale_is_the_scaled_median_absolute_deviation():
    values = np.random.default_rng(0).gamma(2.0, 3.0, 101)

    assert median_scale(values) == pytest.approx(stats.median_abs_deviation(values, scale="normal"), rel=1e-12)


@pytest.mark.parametrize("coverage", [0.5, 0.9])
def test_normal_scale_finds_a_standard_deviation_along_either_axis(coverage):
    deviation = np.random.default_rng(1).normal(0, 0.7, (20_000, 3))

    assert normal_scale(deviation, coverage=coverage) == pytest.approx(np.full(3, 0.7), rel=0.03)
    assert normal_scale(deviation.T, coverage=coverage, axis=1) == pytest.approx(
        normal_scale(deviation, coverage=coverage)
    )


def test_normal_scale_at_one_half_is_robust_to_nearly_half_of_the_values():
    deviation = np.random.default_rng(2).normal(0, 1, 1000)
    deviation[:300] = 1e6

    assert 1 < float(normal_scale(deviation)) < 2


def test_column_medians_leave_nan_out():
    values = np.array([[1.0, np.nan, np.nan], [3.0, 2.0, np.nan], [9.0, 4.0, np.nan]])

    np.testing.assert_array_equal(column_medians(values), [3.0, 3.0, np.nan])


def test_student_weights_fit_the_location_of_a_student_t():
    """The fixed point of the weighted mean is where the likelihood of scipy's distribution is highest."""
    values = stats.t.rvs(4, loc=2.0, size=80, random_state=3)
    location = 0.0
    for _ in range(200):
        weights = student_weights((values - location) ** 2, 4)
        location = float(np.average(values, weights=weights))

    likeliest = optimize.minimize_scalar(lambda at: -stats.t.logpdf(values - at, 4).sum(), bounds=(0, 4)).x
    assert location == pytest.approx(likeliest, abs=1e-5)


def test_quadratic_form_is_that_of_each_row():
    rng = np.random.default_rng(4)
    rows, matrix = rng.normal(size=(7, 3)), rng.normal(size=(3, 3))

    assert quadratic_form(rows, matrix) == pytest.approx([row @ matrix @ row for row in rows])


def test_weighted_ridge_is_that_of_scikit_learn():
    """Its penalty is one number, so columns are scaled by the roots of theirs."""
    rng = np.random.default_rng(5)
    x, y, weights, penalty = (
        rng.normal(size=(60, 4)),
        rng.normal(size=60),
        rng.uniform(0.1, 3, 60),
        rng.uniform(1, 9, 4),
    )

    found, inverse = weighted_ridge(x, y, weights, penalty)

    scaled = Ridge(alpha=1.0, fit_intercept=False).fit(x / np.sqrt(penalty), y, sample_weight=weights)
    assert found == pytest.approx(scaled.coef_ / np.sqrt(penalty))
    assert inverse @ ((x.T * weights) @ x + np.diag(penalty)) == pytest.approx(np.eye(4), abs=1e-12)


def test_huber_regression_minimises_hubers_loss():
    x, y = outlying_line(6)
    design = np.column_stack([x, x**2]) / np.std([x, x**2], axis=1)
    (intercept, *slopes), _ = huber_regression(design, y, iterations=300)
    threshold = np.median(np.abs(y - intercept - design @ slopes))

    def loss(coefficients):
        residual = np.abs(y - coefficients[0] - design @ coefficients[1:])
        huber = np.where(residual < threshold, residual**2 / 2, threshold * (residual - threshold / 2))
        return huber.sum() + 1e-3 * len(y) / 2 * np.sum(coefficients[1:] ** 2)

    best = optimize.minimize(loss, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
    assert [intercept, *slopes] == pytest.approx(best.x, abs=1e-4)


def test_huber_regression_is_near_that_of_scikit_learn_where_rows_are_far_off():
    x, y = outlying_line(7)
    design = (x / x.std())[:, None]

    (intercept, slope), _ = huber_regression(design, y)

    other = HuberRegressor(epsilon=1.01, alpha=0.0).fit(design, y)
    assert slope == pytest.approx(other.coef_[0], rel=0.01)
    assert intercept == pytest.approx(other.intercept_, abs=0.05)
    plain = np.polyfit(design[:, 0], y, 1)
    assert abs(intercept - 0.3) < abs(plain[1] - 0.3) / 5


def test_leverage_is_how_much_a_row_moves_its_own_fit():
    """For fixed weights, by the change of the fitted value for a change of the target."""
    rng = np.random.default_rng(8)
    design, target = rng.normal(size=(30, 2)), rng.normal(size=30)
    _, leverage = huber_regression(design, target, iterations=1)

    moved = target.copy()
    moved[4] += 1e-3
    x = np.column_stack([np.ones(30), design])
    (before, _), (after, _) = (huber_regression(design, y, iterations=1) for y in (target, moved))
    assert leverage[4] == pytest.approx((x[4] @ (after - before)) / 1e-3)
    assert 0 < leverage.sum() < 3


def test_resistant_line_is_near_theil_sen_where_rows_are_far_off():
    x, y = outlying_line(9, share=0.2)

    slope, intercept = resistant_line(x, y)

    by_scipy = stats.theilslopes(y, x, method="joint")
    by_sklearn = TheilSenRegressor(random_state=0).fit(x[:, None], y)
    assert slope == pytest.approx(by_scipy.slope, abs=0.05)
    assert slope == pytest.approx(by_sklearn.coef_[0], abs=0.05)
    assert intercept == pytest.approx(by_scipy.intercept, abs=0.1)


def test_resistant_line_keeps_to_the_slopes_that_are_allowed():
    x = np.arange(30.0)

    assert resistant_line(x, 5 * x + 1) == pytest.approx((5, 1))
    assert resistant_line(x, 5 * x, slopes=(0.0, 2.0)) == pytest.approx((2, 3 * np.median(x)))
    assert resistant_line(np.ones(9), np.arange(9.0)) == pytest.approx((1, 3))


@pytest.mark.parametrize("count", [9, 10, 57, 1000])
def test_the_conformal_quantile_is_numpys_at_the_corrected_level(count):
    scores = np.random.default_rng(count).exponential(size=count)

    level = np.ceil((count + 1) * 0.9) / count
    assert conformal_quantile(scores, 0.9) == np.quantile(scores, min(level, 1), method="inverted_cdf")


def test_spearman_is_that_of_scipy_with_equal_values():
    rng = np.random.default_rng(10)
    a, b = rng.integers(0, 12, 100).astype(float), rng.normal(size=100)

    assert spearman(a, b + a / 9) == pytest.approx(stats.spearmanr(a, b + a / 9).statistic, rel=1e-12)
