"""Accuracies over seeds: means, and errors that cover seeds and test images."""

import pytest

from nas.reference_curves.seeds import over_seeds
from nas.statistics.proportions import Z95, wilson


def _of_images(accuracy: float, images: int) -> float:
    low, high = wilson(accuracy, images)
    return (high - low) / (2 * Z95)


def test_one_training_each_leaves_the_error_of_the_test_images():
    found = over_seeds({"a": [0.9], "b": [0.5]}, 1000)

    assert found["a"] == (0.9, pytest.approx(_of_images(0.9, 1000)), 1)
    assert found["b"].error > found["a"].error


def test_the_variance_between_seeds_is_pooled_and_counts_for_networks_with_one_training_too():
    found = over_seeds({"a": [0.88, 0.90, 0.92], "b": [0.79, 0.81], "c": [0.7]}, 10_000)
    variance = (0.02**2 + 0.02**2 + 0.01**2 + 0.01**2) / 3

    assert [each.accuracy for each in found.values()] == pytest.approx([0.9, 0.8, 0.7])
    assert [each.trainings for each in found.values()] == [3, 2, 1]
    for each, accuracy in zip(found.values(), (0.9, 0.8, 0.7), strict=True):
        assert each.error**2 == pytest.approx(_of_images(accuracy, 10_000) ** 2 + variance / each.trainings)


def test_more_seeds_do_not_reduce_what_the_test_images_leave_open():
    found = over_seeds({"a": [0.9] * 20}, 100)

    assert found["a"].error == pytest.approx(_of_images(0.9, 100))
