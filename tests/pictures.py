"""Folders of small pictures, and what can be wrong with them."""

import numpy as np
from PIL import Image

SIZES = ((40, 30), (30, 40), (33, 33), (64, 48))


def photos(folder, classes=("cat", "dog"), count=4, sizes=SIZES):
    """A folder for each class, with noise of these widths and heights in turn."""
    rng = np.random.default_rng(0)
    for name in classes:
        for number in range(count):
            width, height = sizes[number % len(sizes)]
            path = folder / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (height, width, 3), np.uint8)).save(path)
    return folder
