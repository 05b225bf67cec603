"""Imagenette: ten easily distinguished classes of ImageNet, second split (github.com/fastai/imagenette)."""

from pathlib import Path

from nas.dataset import Splits, dataset
from nas.images.archives import class_split, read_files
from nas.images.published import Content, Form, Origin, PublishedSource, packed

CLASSES = {
    "n01440764": "tench", "n02102040": "English springer", "n02979186": "cassette player", "n03000684": "chain saw",
    "n03028079": "church", "n03394916": "French horn", "n03417042": "garbage truck", "n03425413": "gas pump",
    "n03445777": "golf ball", "n03888257": "parachute",
}  # fmt: skip
STORED = {"train": "train", "test": "val"}
SIDE = 128
"""Side in pixels of the squares that are read: the photos have 160 pixels on their shorter side."""


def _read(path: Path) -> Splits:
    files = list(read_files(path))
    parts = {part: [file for file in files if file[0].parent.parent.name == stored] for part, stored in STORED.items()}
    return {part: class_split(chosen, tuple(CLASSES), SIDE, 3) for part, chosen in parts.items()}


TGZ, FOLDER = (Form((name,), _read) for name in ("imagenette2-160.tgz", "imagenette2-160"))


@dataset("imagenette")
class Imagenette(PublishedSource):
    summary = "ten classes of photos, 128 x 128 RGB, 9,469 + 3,925"
    licence = "photos of ImageNet, for non-commercial research; do not redistribute"
    classes = tuple(CLASSES.values())
    train = Content(9_469)
    test = Content(3_925)
    side = SIDE
    download_bytes = 99_003_388
    forms = (TGZ, FOLDER, *packed("imagenette.npz", "imagenette-128.npz"))
    origins = (
        Origin(
            "https://s3.amazonaws.com/fast-ai-imageclas",
            TGZ,
            "e793b78cc4c9e9a4ccc0c1155377a412",
        ),
    )
    folders = ("imagenette", "imagenette2")
