"""Makes nas/datasets/fashion_mnist_mini.npz from the official Fashion-MNIST files.

    python scripts/build_fashion_mnist_mini.py [FOLDER] [--check]

FOLDER holds the four IDX files, as Debian's package dataset-fashion-mnist installs them (the default). It takes the
first images of each class in the official order. With --check it writes nothing, and fails unless the file that is
there has exactly these pixels and labels.
"""

import argparse
import io
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from nas.dataset import Images, Split
from nas.datasets.fashion_mnist import FashionMnist
from nas.datasets.fashion_mnist_mini import FILE
from nas.images.archives import IDX_FILES, read_idx, read_packed

PER_CLASS = {"train": 1000, "test": 500}
PER_MOSAIC, COLUMNS = 1000, 40


def first_of_each_class(whole: Split, count: int) -> Split:
    """The first count images of each class, in their order."""
    firsts = [np.flatnonzero(whole.labels == label)[:count] for label in np.unique(whole.labels)]
    return whole[np.sort(np.concatenate(firsts))]


def mosaic(images: Images) -> bytes:
    """Grey images [N, H, W, 1], COLUMNS to a row, as one lossless WebP."""
    _, height, width, _ = images.shape
    rows = images.reshape(-1, COLUMNS, height, width).swapaxes(1, 2).reshape(-1, COLUMNS * width)
    file = io.BytesIO()
    Image.fromarray(rows).convert("RGB").save(file, "WEBP", lossless=True, method=6, quality=100)
    return file.getvalue()


def pack(splits: dict[str, Split]) -> None:
    """Write the splits as a packed .npz (nas/images/archives.py describes it)."""
    codec = {"kind": "tiles", "tile": [28, 28, 1], "cols": COLUMNS, "per": PER_MOSAIC}
    arrays = {}
    for name, part in splits.items():
        pictures = [mosaic(part.images[i : i + PER_MOSAIC]) for i in range(0, len(part), PER_MOSAIC)]
        arrays[f"{name}_y"] = part.labels.astype(np.uint8)
        arrays[f"{name}_off"] = np.cumsum([0, *map(len, pictures)])
        arrays[f"{name}_blob"] = np.frombuffer(b"".join(pictures), np.uint8)
    meta = {
        "name": "fashion_mnist_mini",
        "classes": FashionMnist.classes,
        "license": "MIT, (c) 2017 Zalando SE",
        "note": "the first 1000 training and 500 test images of each class of Fashion-MNIST, official order",
        "splits": list(splits),
        "codec": dict.fromkeys(splits, codec),
    }
    np.savez(FILE, meta=json.dumps(meta), **arrays)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("/usr/share/datasets/fashion-mnist"))
    parser.add_argument("--check", action="store_true", help="compare with the file that is there")
    arguments = parser.parse_args()
    official = read_idx(*(arguments.folder / name for name in IDX_FILES))
    for name, content in (("train", FashionMnist.train), ("test", FashionMnist.test)):
        if official[name].digest() != content.digest:
            raise SystemExit(f"{arguments.folder}: the {name} images are not those of Fashion-MNIST")
    wanted = {name: first_of_each_class(official[name], count) for name, count in PER_CLASS.items()}
    if not arguments.check:
        pack(wanted)
    there = read_packed(FILE)
    for name, part in wanted.items():
        if there[name].digest() != part.digest():
            raise SystemExit(f"{FILE}: the {name} images differ; build it again without --check")
    sys.stdout.write(f"{FILE}: {FILE.stat().st_size:,} bytes, equal to the official images\n")


if __name__ == "__main__":
    main()
