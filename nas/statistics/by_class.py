"""How right a classifier is class by class: recall, balanced accuracy, and the confusion matrix.

Shapes: N images, K classes.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.quantities import percent

NEAR = 0.01
"""Accuracies that are no further above the majority rate are told to be near it."""


def confusion(labels: NDArray[np.int64], found: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Images by their class (rows) and by the class found (columns): [K, K]."""
    return np.bincount(labels * classes + found, minlength=classes * classes).reshape(classes, classes)


def recalls(matrix: NDArray[np.int64]) -> list[float | None]:
    """The share of each class's images that are found to be of it; None for a class without images."""
    return [int(row[label]) / int(row.sum()) if row.sum() else None for label, row in enumerate(matrix)]


def balanced(matrix: NDArray[np.int64]) -> float:
    """The balanced accuracy: the mean recall of the classes that have images, in [0, 1]."""
    return float(np.mean([recall for recall in recalls(matrix) if recall is not None]))


def by_class(
    labels: NDArray[np.int64], found: NDArray[np.int64], in_train: NDArray[np.bool_], classes: Sequence[str]
) -> dict[str, Any]:
    """What a classifier found [N] on images of these classes [N], as JSON values.

    majority_rate: the accuracy of always answering majority_class. in_train: which images also lie in train, of which
    there are so many; accuracy_without_train is that on the others, None if there are none. note: where the accuracy is
    hardly more than the majority rate, else None.
    """
    matrix = confusion(labels, found, len(classes))
    counts = matrix.sum(1)
    accuracy, majority = float((labels == found).mean()), int(counts.argmax())
    rate = int(counts[majority]) / len(labels)
    others = ~in_train
    return {
        "images": len(labels),
        "accuracy": accuracy,
        "balanced_accuracy": balanced(matrix),
        "majority_rate": rate,
        "majority_class": classes[majority],
        "classes": list(classes),
        "recall": recalls(matrix),
        "confusion": matrix.tolist(),
        "in_train": int(in_train.sum()),
        "accuracy_without_train": float((labels == found)[others].mean()) if others.any() else None,
        "note": _note(accuracy, rate, classes[majority]),
    }


def _note(accuracy: float, rate: float, majority: str) -> str | None:
    if accuracy > rate + NEAR:
        return None
    return (
        f"an accuracy of {percent(accuracy, 1)} is no more than a point above the {percent(rate, 1)} of always "
        f"answering {majority}: the network tells little; look at the recall of each class"
    )
