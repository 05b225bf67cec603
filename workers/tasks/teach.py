"""Run a search's teacher: on the validation images, to see how right it is, and on training images for soft labels."""

from pathlib import Path
from typing import TYPE_CHECKING

from nas.dataset import Dataset
from nas.teacher.preparation import Preparation
from nas.trial import Report
from workers.tasks.taught import packed
from workers.tasks.train import Setup, images_of, memory_errors

if TYPE_CHECKING:
    from nas.teacher.scoring import Examined, Teacher

Model = bytes | Path
"""A teacher's content as the executor shares it, or the path of its file."""


def examine(
    setup: Setup,
    shared: Dataset | None,
    model: Model,
    how: Preparation,
    *,
    report: Report,  # noqa: ARG001 - a task
) -> "Examined":
    """SpecError if the teacher cannot be run, or is no better than chance."""
    with memory_errors():
        return _teacher(setup, model, how).examined(images_of(setup, shared).validation)


def soft_labels(
    setup: Setup,
    shared: Dataset | None,
    model: Model,
    how: Preparation,
    part: tuple[int, int],
    *,
    report: Report,  # noqa: ARG001 - a task
) -> bytes:
    """Soft labels of the training images from the first number of part to before the second, as packed."""
    with memory_errors():
        chosen = images_of(setup, shared).train[slice(*part)]
        return packed(_teacher(setup, model, how).log_probabilities(chosen.images))


def _teacher(setup: Setup, model: Model, how: Preparation) -> "Teacher":
    import torch  # noqa: PLC0415 - the parent, which imports this module too, has no need of torch

    from nas.teacher.scoring import Teacher  # noqa: PLC0415 - as above

    torch.set_num_threads(setup.threads)
    return Teacher(model.read_bytes() if isinstance(model, Path) else model, how)
