import numpy as np
import pytest

from latency_db.transfer import TransferError, fit_transfer
from latency_db.transfer_samples import choose_samples


def tables(seed=0):
    """200 networks, four kinds of which two are rare; two known targets."""
    rng = np.random.default_rng(seed)
    counts = np.column_stack([rng.poisson(mean, 200) for mean in (4.0, 4.0, 0.1, 0.1)]).astype(float)
    known = 20 + counts @ rng.uniform(0.5, 3.0, (4, 2))
    return {"counts": counts}, known, 20 + counts @ np.array([1.0, 2.0, 9.0, 5.0])


def error(table, rows):
    features, known, ms = table
    model = fit_transfer(features, known, rows, ms[rows].tolist())
    return np.mean(np.abs(model.predict(features, known)[0] / ms - 1))


def test_chosen_samples_teach_more_than_random_ones():
    drawn, chosen = [], []
    for seed in range(6):
        features, known, ms = tables(seed)
        drawn.append(error((features, known, ms), np.random.default_rng(seed).permutation(200)[:8].tolist()))
        chosen.append(error((features, known, ms), choose_samples(features, known, range(200), 8, seed=seed)))
    assert np.mean(chosen) < 0.9 * np.mean(drawn)


def test_samples_are_different_candidates_and_the_same_for_a_seed():
    features, known, _ = tables()
    candidates = range(50, 100)
    chosen = choose_samples(features, known, candidates, 20, seed=3)
    assert len(set(chosen)) == 20
    assert set(chosen) <= set(candidates)
    assert chosen == choose_samples(features, known, candidates, 20, seed=3)
    assert chosen != choose_samples(features, known, candidates, 20, seed=4)


def test_they_can_be_chosen_without_known_targets():
    features, known, _ = tables()
    rare = features["counts"][:, 2:].any(1)
    assert rare[choose_samples(features, known[:, :0], range(200), 8)].sum() >= 2


def test_more_than_there_are_is_an_error():
    features, known, _ = tables()
    with pytest.raises(TransferError, match="ask for fewer"):
        choose_samples(features, known, range(5), 6)
