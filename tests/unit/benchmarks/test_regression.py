import numpy as np

from transfer_models.regression import predict_choices

ROWS = list(range(200))


def networks(seed=0):
    """300 networks of 8 slots with 4 kinds: choices, quantities (log of a weighted count), latencies that add up."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (300, 8))
    macs = np.array([1.0, 2.0, 5.0, 9.0])[codes].sum(1)
    ms = 3 + macs + rng.uniform(0.0, 2.0, (8, 4))[np.arange(8), codes].sum(1)
    return codes, np.log(macs)[:, None], ms


def error(found, ms):
    return np.mean(np.abs(np.exp(found[200:, 0]) / ms[200:] - 1))


def test_unseen_networks_are_predicted():
    codes, quantities, ms = networks()
    assert error(predict_choices(codes, quantities, ROWS, np.log(ms[:200])[:, None]), ms) < 0.01


def test_quantities_may_be_missing():
    codes, quantities, ms = networks()
    assert error(predict_choices(codes, quantities[:, :0], ROWS, np.log(ms[:200])[:, None]), ms) < 0.03


def test_quantities_help_where_few_networks_are_measured():
    codes, quantities, ms = networks()
    few, logs = ROWS[:15], np.log(ms[:15])[:, None]
    alone = error(predict_choices(codes, quantities[:, :0], few, logs), ms)
    assert error(predict_choices(codes, quantities, few, logs), ms) < alone / 2


def test_outliers_count_little():
    codes, quantities, ms = networks()
    rng = np.random.default_rng(1)
    spoilt = ms * np.where(rng.random(300) < 0.1, 3.0, 1.0)
    assert error(predict_choices(codes, quantities, ROWS, np.log(spoilt[:200])[:, None]), ms) < 0.03


def test_columns_are_learned_apart():
    codes, quantities, ms = networks()
    other = np.log(np.random.default_rng(2).uniform(1, 9, (200, 1)))
    both = predict_choices(codes, quantities, ROWS, np.concatenate([np.log(ms[:200])[:, None], other], axis=1))
    np.testing.assert_allclose(both[:, :1], predict_choices(codes, quantities, ROWS, np.log(ms[:200])[:, None]))
