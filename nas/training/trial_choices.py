"""What evaluators that train leave to the user beside the recipe: how many images, and where."""

from dataclasses import replace
from typing import Annotated, Literal

import numpy as np

from nas.dataset import Dataset
from nas.errors import SpecError
from nas.registry import described

TrainImages = Annotated[
    int | None,
    described(
        "the most training images that a trial sees, drawn by the seed; none for all",
        "a tenth to a third of a large set, so that trials are short; finalists see all images",
        ge=2,
    ),
]

TrainDevice = Annotated[
    Literal["auto", "cpu", "cuda"],
    described("where trials are trained; auto takes a GPU where torch sees one", "cpu to leave a GPU to others"),
]


def chosen_device(wanted: Literal["auto", "cpu", "cuda"]) -> str:
    """cpu or cuda. SpecError if the spec wants a GPU that torch does not see."""
    import torch  # noqa: PLC0415 - the service describes evaluators without torch

    present = torch.cuda.is_available()
    if wanted == "cuda" and not present:
        raise SpecError("evaluator.device: torch sees no GPU here; use auto or cpu, or install a CUDA build of torch")
    return "cuda" if present and wanted != "cpu" else "cpu"


def drawn_images(dataset: Dataset, train_images: int | None, seed: int) -> Dataset:
    """The data set with so many training images, and one of each class at least. SpecError if they are too few."""
    if train_images is None or train_images >= len(dataset.train):
        return dataset
    if train_images < len(dataset.classes):
        raise SpecError(
            f"evaluator.train_images: {train_images} images cannot show all of {len(dataset.classes)} classes; give "
            "more, or leave it out"
        )
    order = np.random.default_rng((seed, train_images)).permutation(len(dataset.train))
    labels = dataset.train.labels[order]
    if len(np.unique(labels[:train_images])) < len(dataset.classes):  # a rare class would not be learnt at all
        first = np.unique(labels, return_index=True)[1]
        order = np.concatenate([order[first], np.delete(order, first)])
    return replace(dataset, train=dataset.train[np.sort(order[:train_images])])
