"""What an exported file finds in the validation and test images, class by class."""

from typing import Any

from nas.dataset import Dataset
from nas.trial import Report
from workers.tasks.train import Setup, images_of


def classify(setup: Setup, shared: Dataset | None, model: bytes, *, report: Report) -> dict[str, Any]:  # noqa: ARG001 - a task
    """nas.statistics.by_class of the file in ONNX Runtime, by split."""
    from nas.export import found_classes  # noqa: PLC0415 - torch is the workers' own
    from nas.statistics.by_class import by_class  # noqa: PLC0415 - as above

    images = images_of(setup, shared)
    return {
        part: by_class(split.labels, found_classes(model, images, split), images.in_train[part], images.classes)
        for part, split in (("validation", images.validation), ("test", images.test))
    }
