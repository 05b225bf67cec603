import numpy as np
import pytest

from latency_db.estimating.sample_choice import choose_samples
from latency_db.estimating.transfer import TransferError, fit_transfer


def tables(seed=0):
    """200 networks of 12 layers, two kinds of which are rare; three known devices, a new one, and its measurements."""
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(12, (0.4, 0.4, 0.1, 0.1), 200).astype(float)
    known, ms = 20 + counts @ rng.uniform(0.5, 5, (4, 3)), 20 + counts @ rng.uniform(0.5, 5, 4)
    return {"counts": counts}, known, ms, ms * np.exp(rng.normal(0, 0.03, 200))


@pytest.mark.parametrize("targets", [3, 0])
def test_chosen_samples_predict_better_than_random_ones(targets):
    errors = {"drawn": [], "chosen": []}
    for seed in range(20):
        features, known, ms, measured = tables(seed)
        known = known[:, :targets]
        drawn = np.random.default_rng(seed).permutation(200)[:8].tolist()
        chosen = choose_samples(features, known, range(200), 8, seed=seed)
        for name, rows in (("drawn", drawn), ("chosen", chosen)):
            found, _ = fit_transfer(features, known, rows, measured[rows].tolist()).predict(features, known)
            errors[name].append(np.mean(np.abs(found / ms - 1)))
    assert np.mean(errors["chosen"]) < 0.8 * np.mean(errors["drawn"])


def test_samples_are_different_candidates_and_the_same_for_a_seed():
    features, known, _, _ = tables()
    candidates = range(50, 100)
    chosen = choose_samples(features, known, candidates, 20, seed=3)
    assert len(set(chosen)) == 20
    assert set(chosen) <= set(candidates)
    assert chosen == choose_samples(features, known, candidates, 20, seed=3)
    assert chosen != choose_samples(features, known, candidates, 20, seed=4)


def test_more_samples_than_candidates_are_an_error():
    features, known, _, _ = tables()
    with pytest.raises(TransferError, match="ask for fewer"):
        choose_samples(features, known, range(5), 6)
