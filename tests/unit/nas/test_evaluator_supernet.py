"""The supernet evaluator: every way to train it, and what its weights are known by."""

from dataclasses import asdict, replace
from random import Random

import pytest

from nas.errors import SpecError
from nas.evaluator import evaluator, rank_check_of
from nas.spaces import load_space
from nas.supernet.correction import Correction, traits_of
from nas.supernet.file import read
from nas.supernet.roles import Roles
from nas.testing.evaluators import NETWORK, SPACE, StoppedError, halves

WAYS = [
    {"sampling": "uniform", "clip_norm": 1.0, "lookahead": 2},
    {"sampling": "sandwich", "ema_decay": 0.9},
    {"largest_first": 0.5, "rate_by_size": True, "optimizer": "adamw", "learning_rate": 0.006},
]


def made(**parameters):
    return evaluator.make({"name": "supernet", "epochs": 3, "batch_size": 16, **parameters}, halves(), 0)


def silent(epoch, metrics):
    """Hears reports."""


@pytest.mark.parametrize("way", WAYS)
def test_a_killed_training_ends_with_the_weights_of_one_that_was_not(tmp_path, way):
    """Bit for bit, and they tell the classes apart."""

    def stop(epoch, metrics):  # noqa: ARG001 - as reports are called
        if epoch == 2:
            raise StoppedError

    with pytest.raises(StoppedError):
        made(**way).prepare(SPACE, tmp_path / "killed", stop)
    content = made(**way).prepare(SPACE, tmp_path / "killed", silent)

    assert content == made(**way).prepare(SPACE, tmp_path / "whole", silent)
    scorer = made(**way)
    scorer.load_prepared(content)
    assert scorer.evaluate(NETWORK, silent)["shared_accuracy"] > 0.6


def test_weights_are_known_by_what_they_depend_on():
    """Not by what trials are scored by."""
    own = made()

    assert {made(**way).preparation_key for way in WAYS}.isdisjoint({own.preparation_key})
    assert made(accuracy="plain").preparation_key == own.preparation_key
    assert made(accuracy="plain").cache_key != own.cache_key
    assert made(train_images=20).preparation_key.data_digest != own.preparation_key.data_digest


def test_accuracy_is_the_share_of_right_images_if_the_spec_says_so(tmp_path):
    scorer = made(accuracy="plain")
    scorer.load_prepared(scorer.prepare(SPACE, tmp_path / "checkpoint", silent))

    found = scorer.evaluate(NETWORK, silent)

    assert found["accuracy"] == found["shared_accuracy"]


def test_scores_are_corrected_by_kinds_of_blocks(tmp_path):
    """The weights, the loss and what is right stay as they are; the file is another."""
    plain, scorer = made(epochs=1), made(epochs=1)
    content = plain.prepare(SPACE, tmp_path / "checkpoint", silent)
    plain.load_prepared(content)
    correction = Correction(0.3, 0.5, {"conv": -0.4}, 0.02)
    corrected = scorer.corrected(content, asdict(correction))
    scorer.load_prepared(corrected)
    assert read(content).correction is None

    before, after = plain.evaluate(NETWORK, silent), scorer.evaluate(NETWORK, silent)

    assert (
        after["accuracy"] == correction.of(before["accuracy"], traits_of(Roles(SPACE), NETWORK)) != before["accuracy"]
    )
    assert {**after, "accuracy": 0} == {**before, "accuracy": 0}
    assert read(corrected).digest == read(content).digest
    assert read(corrected).correction == correction


def test_a_check_trains_by_the_recipe_that_the_user_has_changed():
    given = {"name": "supernet", "batch_size": 16, "check": 9, "check_epochs": 3, "accuracy": "balanced"}

    found = rank_check_of(given)

    assert found.networks == 9
    assert found.otherwise == "go_on"
    alone = evaluator.make(found.alone, halves(), 0)
    assert alone.recipe == replace(evaluator["train"](halves(), 0).recipe, epochs=3, batch_size=16)
    assert alone.cache_key.recipe_id.endswith("+balanced")
    assert rank_check_of(found.unchecked) is None
    unchecked = evaluator.make(found.unchecked, halves(), 0)
    assert unchecked.cache_key == made(**{**given, "check": None, "epochs": 16}).cache_key
    assert made(check=9).preparation_key == made().preparation_key
    assert made(check=9).cache_key != made().cache_key


def test_a_network_of_another_space_has_no_score(tmp_path):
    scorer = made(epochs=1)
    content = scorer.prepare(SPACE, tmp_path / "checkpoint", silent)
    scorer.load_prepared(content)
    assert read(content).space == SPACE

    with pytest.raises(SpecError, match="not one of the space 'testing'"):
        scorer.evaluate(load_space("small").sample(Random(0)).architecture.expand(), silent)
