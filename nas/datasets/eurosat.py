"""EuroSAT: land use seen by the Sentinel-2 satellites (Helber, Bischke, Dengel and Borth, arXiv:1709.00029)."""

import hashlib
from pathlib import Path, PurePosixPath

from nas.dataset import Splits, dataset
from nas.images.archives import class_split, read_files
from nas.images.published import Content, Form, Origin, PublishedSource, packed

CLASSES = (
    "AnnualCrop", "Forest", "HerbaceousVegetation", "Highway", "Industrial",
    "Pasture", "PermanentCrop", "Residential", "River", "SeaLake",
)  # fmt: skip
SIDE = 64


def _is_test(inside: PurePosixPath) -> bool:
    """The test split: a fifth of the files, chosen by their names, as the publisher gives no split."""
    return int(hashlib.sha1(inside.name.encode(), usedforsecurity=False).hexdigest(), 16) % 5 == 0


def _read(path: Path) -> Splits:
    files = list(read_files(path))
    return {
        "train": class_split([file for file in files if not _is_test(file[0])], CLASSES, SIDE, 3),
        "test": class_split([file for file in files if _is_test(file[0])], CLASSES, SIDE, 3),
    }


ZIP, ZIP_ZENODO, *FOLDERS = (Form((name,), _read) for name in ("EuroSAT.zip", "EuroSAT_RGB.zip", "2750", "EuroSAT_RGB"))


@dataset("eurosat")
class EuroSat(PublishedSource):
    summary = "land use from satellites, 64 x 64 RGB, 21,555 + 5,445"
    licence = "MIT, (c) Patrick Helber; modified Copernicus Sentinel data"
    classes = CLASSES
    train = Content(21_555)
    test = Content(5_445)
    side = SIDE
    download_bytes = 94_280_567
    forms = (ZIP, ZIP_ZENODO, *FOLDERS, *packed("eurosat.npz", "eurosat-w95.npz"))
    origins = (
        Origin(
            "https://huggingface.co/datasets/torchgeo/eurosat/resolve/c877bcd43f099cd0196738f714544e355477f3fd",
            ZIP,
            "c8fa014336c82ac7804f0398fcb19387",
        ),
        Origin("https://zenodo.org/records/7711810/files", ZIP_ZENODO),
    )
    folders = ("eurosat", "EuroSAT")
