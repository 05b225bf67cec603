"""Splitting, checking and naming data sets."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.dataset import Split, data_dir, data_dirs, dataset, load, resolve, split
from nas.errors import DataError, SpecError, UnknownNameError


def images(labels, side=4, channels=1, seed=0):
    """Random images; the first pixel is the image's number, so that it can be followed."""
    x = np.random.default_rng(seed).integers(0, 256, (len(labels), side, side, channels), np.uint8)
    x[:, 0, 0, 0] = np.arange(len(labels)) % 256
    return Split(x, np.array(labels, np.int64))


def numbers(part):
    return part.images[:, 0, 0, 0].tolist()


@given(st.lists(st.integers(3, 30), min_size=2, max_size=5), st.integers(0, 2**32))
def test_every_image_is_in_one_part_and_each_class_is_drawn_alike(counts, seed):
    """A tenth of each class is validation and a fifth is test, to the nearest image and at least one."""
    labels = [label for label, count in enumerate(counts) for _ in range(count)]
    made = split("made", [str(c) for c in range(len(counts))], {"train": images(labels)}, seed=seed)

    assert sorted(numbers(made.train) + numbers(made.validation) + numbers(made.test)) == list(range(len(labels)))
    for label, count in enumerate(counts):
        tested = int((made.test.labels == label).sum())
        assert tested == min(max(1, round(0.2 * count)), count - 1)
        left = count - tested
        assert (made.validation.labels == label).sum() == min(max(1, round(0.1 * left)), left - 1)


def test_the_split_is_a_function_of_the_seed():
    train, test = images([0, 1] * 50), images([0, 1] * 5)
    first, again, other = (split("s", ["a", "b"], {"train": train, "test": test}, seed=seed) for seed in (1, 1, 2))

    assert numbers(first.validation) == numbers(again.validation) != numbers(other.validation)
    assert first.digest == again.digest != other.digest


def test_a_given_validation_is_kept_and_nothing_is_drawn():
    train, validation, test = images([0, 1] * 9), images([0, 1], seed=1), images([1, 0], seed=2)
    made = split("s", ["a", "b"], {"train": train, "test": test, "validation": validation}, seed=0)

    assert len(made.train) == 18
    assert made.validation is validation
    assert made.test is test


def test_mean_and_deviation_are_those_of_the_training_pixels():
    splits = {"train": images([0, 1] * 1200, channels=3), "test": images([0, 1], channels=3)}
    made = split("s", ["a", "b"], splits, seed=0)
    pixels = made.train.images / 255

    assert made.mean == pytest.approx(pixels.mean((0, 1, 2)))
    assert made.std == pytest.approx(pixels.std((0, 1, 2)))


@pytest.mark.parametrize(
    ("classes", "train", "test", "complaint"),
    [
        (["a"], images([0, 0, 0]), images([0]), "second class"),
        (["a", "b", "c"], images([0, 1] * 9), images([0, 1]), "class 'c' has no training images"),
        (["a", "b"], images([0, 1, 2] * 9), images([0, 1]), "labels 0..2"),
        (["a", "b"], images([0, 1] * 9), images([0, -1]), "test has labels -1..0"),
        (["a", "b"], images([0, 1] * 9), images([0, 1], side=5), "train of"),
        (["a", "b"], images([0, 1] * 9, channels=2), None, "grey or RGB"),
        (["a", "b"], Split(np.zeros((4, 3, 5, 1), np.uint8), np.array([0, 1, 0, 1])), None, "squares"),
        (["a", "b"], Split(np.zeros((4, 4, 4, 1)), np.array([0, 1, 0, 1])), None, "float64"),
        (["a", "b"], Split(np.zeros((4, 4, 4, 1), np.uint8), np.array([0, 1])), None, "one label"),
        (["a", "b"], Split(np.zeros((9, 4, 4, 1), np.uint8), np.arange(9) % 2), None, "nothing to learn"),
        (["a", "b"], images([0, 1]), None, "at least 3 images"),
    ],
)
def test_images_unfit_for_training_are_refused_with_the_reason(classes, train, test, complaint):
    splits = {"train": train} if test is None else {"train": train, "test": test}

    with pytest.raises(DataError, match=complaint):
        split("s", classes, splits, seed=0)


def test_the_digest_is_of_pixels_and_labels_whatever_their_type():
    one = images([0, 1, 2])

    assert one.digest() == Split(one.images.copy(order="F"), one.labels.astype(np.int64)).digest()
    assert one.digest() != Split(one.images, one.labels[::-1]).digest()


def test_digests_tell_labels_apart_that_are_equal_modulo_256():
    one = images([0, 1, 300])

    assert one.digest() != Split(one.images, np.array([0, 1, 300 - 256], np.int64)).digest()


def test_the_embedded_set_is_what_it_says():
    """The first 1,000 training and 500 test images of each class of Fashion-MNIST."""
    mini = load("fashion_mnist_mini", 0)

    assert np.bincount(mini.train.labels).tolist() == [900] * 10
    assert np.bincount(mini.validation.labels).tolist() == [100] * 10
    assert np.bincount(mini.test.labels).tolist() == [500] * 10
    assert (mini.side, mini.channels, mini.classes[9]) == (28, 1, "Ankle boot")
    assert mini.test.digest() == "0a62ba09413158889c7f1e8ba43492db67098c41be02e570099f54959cc26a6f"


@pytest.mark.data("fashion_mnist")
def test_the_embedded_set_is_part_of_the_full_one():
    mini, full = load("fashion_mnist_mini", 0), load("fashion_mnist", 0)
    first = np.sort(np.concatenate([np.flatnonzero(full.test.labels == label)[:500] for label in range(10)]))

    assert full.test[first].digest() == mini.test.digest()


@pytest.mark.parametrize(
    ("config", "resolved"),
    [
        ("mnist", {"name": "mnist"}),
        ("hf:owner/set", {"name": "hf", "path": "owner/set"}),
        ("folder:C:/photos", {"name": "folder", "path": "C:/photos"}),
        ({"name": "folder", "path": "p", "size": 8}, {"name": "folder", "path": "p", "size": 8}),
    ],
)
def test_the_short_form_names_a_path(config, resolved):
    assert resolve(config) == resolved


def test_unknown_names_and_parameters_are_refused():
    with pytest.raises(UnknownNameError, match="fashion_mnist_mini"):
        load("fashion", 0)
    with pytest.raises(SpecError, match=r"dataset\.path"):
        load("fashion_mnist_mini:here", 0)
    with pytest.raises(SpecError, match=r"dataset\.size"):
        load({"name": "folder", "path": "p", "size": 0}, 0)


def test_the_data_folder_may_be_several(monkeypatch):
    monkeypatch.setenv("NAS_DATA_DIR", os.pathsep.join(["/one", "~/two"]))

    assert data_dirs()[:2] == (Path("/one"), Path.home() / "two")
    assert data_dir() == Path("/one")


def test_without_the_variable_data_lies_in_the_users_folder(monkeypatch):
    monkeypatch.delenv("NAS_DATA_DIR", raising=False)

    assert data_dir().parts[-2:] == ("nas", "datasets")


def test_every_source_describes_itself():
    for name in dataset:
        source = dataset[name]

        assert source.summary
        assert source.licence
        assert dataset.parameters(name).model_json_schema()["additionalProperties"] is False
