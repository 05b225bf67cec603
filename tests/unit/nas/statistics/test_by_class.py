"""Recall, balanced accuracy and confusion, against counts by hand and scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, confusion_matrix

from nas.statistics.by_class import balanced, by_class, confusion

NOBODY = np.zeros(10, bool)


def test_they_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    labels, found = rng.integers(0, 5, (2, 300))

    matrix = confusion(labels, found, 5)

    assert np.array_equal(matrix, confusion_matrix(labels, found))
    assert balanced(matrix) == pytest.approx(balanced_accuracy_score(labels, found))


def test_a_class_without_images_has_no_recall():
    labels, found = np.array([0] * 8 + [1] * 2), np.array([0] * 8 + [0, 1])

    result = by_class(labels, found, NOBODY, ("cat", "dog", "eel"))

    assert result["recall"] == [1.0, 0.5, None]
    assert (result["balanced_accuracy"], result["accuracy"]) == (0.75, 0.9)
    assert (result["majority_rate"], result["majority_class"]) == (0.8, "cat")
    assert result["confusion"] == [[8, 0, 0], [1, 1, 0], [0, 0, 0]]
    assert result["note"] is None


def test_an_accuracy_near_the_majority_rate_is_told():
    labels = np.array([0] * 8 + [1] * 2)

    assert "of always answering cat" in by_class(labels, np.zeros(10, int), NOBODY, ("cat", "dog"))["note"]


def test_accuracy_without_images_of_train():
    labels, seen = np.zeros(10, int), np.arange(10) < 4
    found = np.array([0] * 4 + [1] * 3 + [0] * 3)

    assert by_class(labels, found, seen, ("a", "b"))["accuracy_without_train"] == 0.5
    assert by_class(labels, found, seen | True, ("a", "b"))["accuracy_without_train"] is None
