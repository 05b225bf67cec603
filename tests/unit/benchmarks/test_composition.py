import numpy as np
import pytest

from transfer_models.composition import block_columns, predict_composition

BLOCKS = [(0, 1), (2, 3), (4, 5)]


def networks(count=400, seed=0):
    """Networks of three blocks (expansion ratio, layers), and their latency: 5 ms and so much a layer."""
    rng = np.random.default_rng(seed)
    choices = np.zeros((count, 6))
    for column in range(0, 6, 2):
        choices[:, column] = rng.choice([1, 4, 6], count)
        choices[:, column + 1] = rng.integers(1, 4, count)
    ms = 5 + sum(
        cost * choices[:, e] * choices[:, layers] for cost, (e, layers) in zip((1, 0.3, 2), BLOCKS, strict=True)
    )
    return choices, np.asarray(ms)


def columns(choices, blocks=BLOCKS):
    return block_columns(choices, blocks, np.zeros((len(choices), 0)))


def test_products_of_a_blocks_choices_are_found_from_forty_networks():
    choices, ms = networks()
    found = predict_composition(columns(choices), range(40), ms[:40])
    assert np.max(np.abs(found / ms - 1)[40:]) < 0.01


def test_choices_one_by_one_do_not_suffice():
    choices, ms = networks()
    alone = columns(choices, [(column,) for column in range(6)])
    found = predict_composition(alone, range(40), ms[:40])
    assert np.mean(np.abs(found / ms - 1)[40:]) > 0.03


def test_noise_is_not_learned():
    choices, ms = networks()
    noisy = ms * np.random.default_rng(1).lognormal(0, 0.05, len(ms))
    found = predict_composition(columns(choices), range(100), noisy[:100])
    assert np.mean(np.abs(found / ms - 1)[100:]) < 0.04


def test_the_unit_of_latency_does_not_matter():
    choices, ms = networks()
    found = columns(choices)
    np.testing.assert_allclose(
        predict_composition(found, range(40), ms[:40] * 1000), predict_composition(found, range(40), ms[:40]) * 1000
    )


@pytest.mark.parametrize("count", [2, 5])
def test_equal_latencies_stay_what_they_are(count):
    choices, _ = networks()
    found = predict_composition(columns(choices), range(count), np.full(count, 7.0))
    np.testing.assert_allclose(found, 7.0, rtol=1e-6)
