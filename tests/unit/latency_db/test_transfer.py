import numpy as np
import pytest

from latency_db.regression import predict_choices
from latency_db.transfer import TransferError, TransferModel, fit_transfer


def tables(seed=0):
    """300 networks of 8 slots with 4 kinds; three known targets and two new ones, sums over slots."""
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


def test_a_related_target_is_predicted_from_twelve_samples():
    _, features, known, related, _ = tables()
    assert error(fit(features, known, related), features, known, related) < 0.02


def test_known_targets_do_not_harm_an_unrelated_one():
    _, features, known, _, unrelated = tables()
    nothing = np.zeros((300, 0))
    alone = error(fit(features, nothing, unrelated), features, nothing, unrelated)
    assert error(fit(features, known, unrelated), features, known, unrelated) < alone + 0.03


def test_a_model_survives_storage_and_a_changed_one_is_refused():
    _, features, known, related, _ = tables()
    model = fit(features, known, related)
    stored = model.to_dict()
    np.testing.assert_array_equal(
        TransferModel.from_dict(stored).predict(features, known)[0], model.predict(features, known)[0]
    )
    with pytest.raises(TransferError, match="hash"):
        TransferModel.from_dict(stored | {"intercept": 0.0})


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan")])
def test_a_latency_that_is_none_is_refused(bad):
    _, features, known, related, _ = tables()
    with pytest.raises(TransferError, match="above zero"):
        fit(features, known, np.where(np.arange(300) == 3, bad, related))


def test_choices_predict_unseen_networks():
    codes, _, _, related, _ = tables()
    found = predict_choices(codes[:200], np.log(related[:200])[:, None], codes[200:])
    assert np.mean(np.abs(np.exp(found[:, 0]) / related[200:] - 1)) < 0.02
