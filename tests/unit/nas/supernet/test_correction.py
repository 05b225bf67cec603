"""Corrections of scores: what they find in scores that are biased by kind, and what they leave alone."""

from dataclasses import replace
from math import log

import numpy as np
import pytest

from nas.spaces import load_space
from nas.statistics.rank_correlation import rank_correlation
from nas.supernet import correction
from nas.supernet.correction import Correction, Traits, expit, fitted, logit, traits_of
from nas.supernet.roles import Roles

KINDS = ("conv", "mbconv", "shuffle")
BIAS = {"conv": -1.6, "mbconv": 1.2, "shuffle": 0.3}
"""How far, in logits, a network of one kind is underrated."""


def networks(bias, *, noise, count=16, seed=0):
    """Accuracies by shared weights and alone, and traits, of networks with a made-up bias by kind."""
    rng = np.random.default_rng(seed)
    shared, alone, traits = [], [], []
    for _ in range(count):
        counts = rng.multinomial(4, [1 / 3] * 3)
        kinds = {kind: int(layers) / 4 for kind, layers in zip(KINDS, counts, strict=True) if layers}
        quality = rng.normal(0.5, 0.4)
        alone.append(expit(quality))
        known = quality - sum(bias.get(kind, 0.0) * share for kind, share in kinds.items())
        shared.append(expit(0.6 * known - 0.5 + rng.normal(0, noise)))
        traits.append(Traits(kinds, 10 ** rng.uniform(5, 7)))
    return shared, alone, traits


def tau(one, other):
    return rank_correlation(one, other).tau


def test_a_bias_by_kind_is_found_and_taken_out():
    shared, alone, traits = networks(BIAS, noise=0.02)

    found = fitted(shared, alone, traits)

    assert tau(shared, alone) < 0.75
    assert tau(found.left_out, alone) > 0.85
    assert found.error < 0.5 * found.plain_error
    assert found.points["conv"] < -0.05
    assert found.points["mbconv"] > 0.05
    again = [found.correction.of(score, each) for score, each in zip(shared, traits, strict=True)]
    assert tau(again, alone) > 0.85


def test_scores_without_a_bias_keep_their_order():
    """Where the kinds tell nothing, what is fitted to their noise seldom pays; where they tell much, it mostly does."""

    def pays(bias):
        return sum(
            fitted(*networks(bias, noise=0.15, count=12, seed=seed)).correction is not None for seed in range(40)
        )

    assert pays({}) <= 4
    assert pays(BIAS) >= 20


def test_too_few_networks_say_nothing():
    shared, alone, traits = networks(BIAS, noise=0.02, count=correction.FEWEST - 1)

    found = fitted(shared, alone, traits)

    assert (found.correction, found.error, found.left_out) == (None, None, tuple(shared))


def test_the_penalised_fit_is_that_of_least_squares_with_rows_for_the_penalty(monkeypatch):
    """Plain least squares of the networks, below which stands one row for each penalised weight."""
    penalty = 0.3
    monkeypatch.setattr(correction, "PENALTIES", (penalty,))
    shared, alone, traits = networks(BIAS, noise=0.02)
    traits = [replace(each, macs=1e6) for each in traits]
    x = np.array(
        [[1, logit(s), *(t.kinds.get(kind, 0) for kind in KINDS)] for s, t in zip(shared, traits, strict=True)]
    )
    rows = np.hstack([np.zeros((3, 2)), np.sqrt(penalty) * np.eye(3)])
    y = np.array([logit(each) for each in alone])

    def least_squares(others):
        return np.linalg.lstsq(np.vstack([x[others], rows]), np.concatenate([y[others], np.zeros(3)]), rcond=None)[0]

    found = fitted(shared, alone, traits)

    assert found.correction.macs == pytest.approx(0, abs=1e-9)
    expected = least_squares(np.arange(len(y)))
    assert (found.correction.constant, found.correction.score) == pytest.approx(tuple(expected[:2]))
    assert [found.correction.kinds[kind] for kind in KINDS] == pytest.approx(expected[2:])
    by_hand = [expit(float(x[out] @ least_squares(np.delete(np.arange(len(y)), out)))) for out in range(len(y))]
    assert found.left_out == pytest.approx(by_hand)


def test_a_correction_is_its_formula():
    found = Correction(0.2, 0.5, {"conv": -1.0}, 0.1).of(0.6, Traits({"conv": 0.25, "new": 0.75}, 1e6))

    assert logit(found) == pytest.approx(0.2 + 0.5 * logit(0.6) - 0.25 + 0.1 * log(1e6))


def test_traits_are_the_shares_of_layers_by_kind():
    space = load_space("small").for_images(1, 28, 10)
    roles = Roles(space)
    for number in range(5):
        architecture = space.walk(lambda decision, at=number: at % len(decision.options)).architecture
        if architecture.refusal() is None:
            found = traits_of(roles, architecture.expand())
            layers = sum(stage.layers for stage in architecture.stages)
            assert sum(found.kinds.values()) == pytest.approx(1)
            for kind, share in found.kinds.items():
                own = sum(stage.layers for stage in architecture.stages if stage.block.name == kind)
                assert share == pytest.approx(own / layers)
