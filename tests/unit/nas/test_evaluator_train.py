"""The train evaluator: a recipe, a share of the images, a device."""

import io
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from nas.dataset import Dataset, Split
from nas.errors import SpecError
from nas.evaluator import Stop, evaluator
from nas.images.decoded_sets import Block, decoded_once
from nas.ops.notation import read_network
from nas.training import Recipe


def dataset():
    rng = np.random.default_rng(0)
    parts = [
        Split(rng.integers(0, 256, (size, 8, 8, 1), dtype=np.uint8), np.arange(size, dtype=np.int64) % 2)
        for size in (40, 10, 10)
    ]
    return Dataset("noise", ("a", "b"), *parts, (0.5,), (0.25,))


def test_parameters_become_the_recipe():
    made = evaluator.make({"name": "train", "epochs": 3, "learning_rate": 0.5, "ema_decay": None}, dataset(), 0)

    assert (made.recipe.epochs, made.recipe.learning_rate, made.recipe.ema_decay) == (3, 0.5, None)


def test_its_parameters_are_the_fields_of_the_recipe_and_three_more():
    """With the recipe's defaults, but for a trial's number of epochs."""
    schema = evaluator.parameters("train").model_json_schema()["properties"]

    defaults = {name: described["default"] for name, described in schema.items()}
    assert defaults == {**asdict(Recipe()), "epochs": 2, "train_images": None, "device": "auto", "accuracy": "plain"}
    assert schema["learning_rate"]["exclusiveMinimum"] == 0
    assert schema["optimizer"]["enum"] == ["sgd", "adamw", "rmsprop", "shift_adamax", "muon"]


def test_the_cache_key_changes_with_what_they_name():
    """Equal trainings are found again by these ids, unequal ones must not be."""

    def ids(**parameters):
        made = evaluator.make({"name": "train", **parameters}, dataset(), 0)
        return made.cache_key.recipe_id, made.cache_key.data_digest

    assert ids() == ids()
    assert ids(epochs=5)[0] != ids()[0]
    assert ids(epochs=5)[1] == ids()[1]
    assert ids(train_images=20)[1] not in {ids()[1], ids(train_images=21)[1]}
    assert ids(train_images=40) == ids(train_images=None)
    assert ids(accuracy="plain") == ids()
    assert ids(accuracy="balanced")[0] != ids()[0]


def test_a_rare_class_is_among_few_training_images():
    """The images are those drawn before where they show all classes."""
    whole = dataset()
    labels = np.array([0] * 39 + [1])
    rare = replace(whole, train=Split(whole.train.images[:40], labels))

    drawn = [evaluator.make({"name": "train", "train_images": 4}, rare, seed)._images.train for seed in range(5)]

    assert [sorted(set(some.labels.tolist())) for some in drawn] == [[0, 1]] * 5
    assert [len(some) for some in drawn] == [4] * 5
    with pytest.raises(SpecError, match=r"evaluator\.train_images: .* 3 classes"):
        evaluator.make({"name": "train", "train_images": 2}, replace(rare, classes=("a", "b", "c")), 0)


def test_balanced_accuracy_is_what_trials_are_scored_by():
    """Nine in ten images are of one class."""
    whole = dataset()
    part = Split(whole.validation.images[:10], np.array([0] * 9 + [1]))
    uneven = replace(whole, train=Split(whole.train.images, np.zeros(len(whole.train), np.int64)), validation=part)
    network = read_network("1x8x8: [gap linear_2]")
    scores, told = {}, {}
    for accuracy in ("plain", "balanced"):
        made = evaluator.make({"name": "train", "epochs": 1, "accuracy": accuracy}, uneven, 0)
        scores[accuracy] = made.evaluate(network, lambda _, metrics: told.update({accuracy: metrics["accuracy"]}))  # noqa: B023

    found = {name: score["accuracy"] for name, score in scores.items()}
    assert found == told
    right = round(10 * found["plain"])
    assert any(found["balanced"] == pytest.approx(((right - rare) / 9 + rare) / 2) for rare in (0, 1))


@pytest.mark.parametrize(
    ("field", "value"),
    [("epochs", 0), ("learning_rate", 0), ("optimizer", "adam"), ("warmup", 1), ("batch_size", 1), ("recipe", "x")],
)
def test_wrong_parameters_are_refused_by_name(field, value):
    with pytest.raises(SpecError, match=rf"evaluator\.{field}: "):
        evaluator.make({"name": "train", field: value}, dataset(), 0)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_an_error_and_auto_is_the_cpu():
    assert evaluator.make({"name": "train"}, dataset(), 0).device == "cpu"

    with pytest.raises(SpecError, match=r"evaluator\.device: torch sees no GPU"):
        _ = evaluator.make({"name": "train", "device": "cuda"}, dataset(), 0).device


@pytest.mark.parametrize("notation", ["8x8: conv_4_k3_s2 gap drop_0.3 linear_2", "8x8: conv_4_k3_s2 gap linear_2"])
def test_a_training_that_stops_and_goes_on_is_bit_for_bit_one_that_does_not(notation, tmp_path):
    """Its rate follows the schedule over all epochs; each part is of an evaluator of its own, as in another process."""
    network = read_network(f"1x{notation}")
    config = {"name": "train", "epochs": 4, "batch_size": 8}
    heard, whole = [], []
    evaluator.make(config, dataset(), 0).evaluate_until(
        network, lambda *epoch: whole.append(epoch), Stop(4, tmp_path / "whole")
    )
    for epochs in (1, 3, 4):
        stop = Stop(epochs, tmp_path / "parts")
        found = evaluator.make(config, dataset(), 0).evaluate_until(network, lambda *epoch: heard.append(epoch), stop)
        assert found["epochs"] == epochs

    def told(epochs):
        return [(epoch, {**metrics, "seconds": 0}) for epoch, metrics in epochs]

    assert told(heard) == told(whole)
    states = [torch.load(io.BytesIO((tmp_path / name).read_bytes()[32:]))["state"] for name in ("whole", "parts")]
    for name in ("module", "average"):
        weights = {
            key: value for key, value in states[0][name].items() if "running" not in key
        }  # these are re-estimated
        assert weights
        assert all(torch.equal(value, states[1][name][key]) for key, value in weights.items())


def test_images_in_a_file_train_to_the_same_weights_bit_for_bit(tmp_path, monkeypatch):
    """With all images of the file, and with a part of them, drawn for validation and by train_images."""
    monkeypatch.setenv("NAS_CACHE_DIR", str(tmp_path / "cache"))
    network, states, metrics = read_network("1x8x8: conv_4_k3_s2 gap linear_2"), [], []
    held = dataset()
    for name in ("held", "mapped"):
        images = held
        if name == "mapped":
            whole = np.concatenate([part.images for part in (held.test, held.train, held.validation)])
            mapped, _ = decoded_once("key", whole.shape, "a", lambda rows=whole: iter([Block(rows, {})]))
            labels = np.concatenate([part.labels for part in (held.test, held.train, held.validation)])
            parts = Split(mapped, labels)
            images = replace(held, train=parts[10:50], validation=parts[np.arange(50, 60)], test=parts[:10])
        config = {"name": "train", "epochs": 2, "batch_size": 8, "train_images": 30, "shift": 0.25}
        found = evaluator.make(config, images, 0).evaluate_until(network, lambda *_: None, Stop(2, tmp_path / name))
        metrics.append({**found, "train_seconds": 0})
        states.append(torch.load(io.BytesIO((tmp_path / name).read_bytes()[32:]))["state"])

    assert metrics[0] == metrics[1]
    for name in ("module", "average"):
        assert all(torch.equal(value, states[1][name][key]) for key, value in states[0][name].items())
