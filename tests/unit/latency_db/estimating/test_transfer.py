import numpy as np
import pytest

from latency_db.estimating.transfer import TransferError, fit_transfer


def tables(seed=0):
    """300 networks of 8 slots with 4 kinds; three known devices and two new ones, sums over slots."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (300, 8))
    counts = np.stack([(codes == kind).sum(1) for kind in range(4)], axis=1).astype(float)
    costs = rng.uniform(0.5, 3.0, (3, 4))
    known = np.stack([1 + counts @ cost for cost in costs], axis=1)
    related = 2 + counts @ (costs[0] + 0.3 * costs[1])
    unrelated = 1 + counts @ np.array([0.1, 5.0, 0.1, 0.1])
    return codes, {"counts": counts}, known, related, unrelated


def fit(features, known, ms, count=12):
    rows = list(range(count))
    return fit_transfer(features, known, rows, ms[rows].tolist())


def error(model, features, known, ms):
    return np.mean(np.abs(model.predict(features, known)[0] / ms - 1)[12:])


def test_a_related_device_is_predicted_from_twelve_samples():
    _, features, known, related, _ = tables()
    assert error(fit(features, known, related), features, known, related) < 0.02


def test_known_devices_do_not_harm_an_unrelated_one():
    _, features, known, _, unrelated = tables()
    nothing = np.zeros((300, 0))
    alone = error(fit(features, nothing, unrelated), features, nothing, unrelated)
    assert error(fit(features, known, unrelated), features, known, unrelated) < alone + 0.03


def test_an_outlier_among_the_samples_does_little_harm():
    _, features, known, related, _ = tables()
    outlier = related * np.where(np.arange(300) == 5, 2.0, 1.0)
    assert error(fit(features, known, outlier), features, known, related) < 0.06


def test_standard_deviations_cover_the_errors():
    inside = []
    for seed in range(8):
        _, features, known, related, _ = tables(seed)
        noisy = related * np.exp(np.random.default_rng(seed).normal(0, 0.05, 300))
        ms, deviation = fit(features, known, noisy).predict(features, known)
        inside.append(np.mean((np.abs(np.log(ms / noisy)) < 1.645 * deviation)[12:]))
    assert 0.85 < np.mean(inside) < 0.97


def test_known_devices_may_be_one_or_none():
    _, features, known, related, _ = tables()
    for some in (known[:, :1], known[:, :0]):
        assert error(fit(features, some, related), features, some, related) < 0.1


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan")])
def test_latencies_that_are_not_finite_and_positive_are_refused(bad):
    _, features, known, related, _ = tables()
    with pytest.raises(TransferError, match="above zero"):
        fit(features, known, np.where(np.arange(300) == 3, bad, related))


def test_two_samples_are_too_few():
    _, features, known, related, _ = tables()
    with pytest.raises(TransferError, match="at least three"):
        fit(features, known, related, count=2)
