"""The first 1,000 training and 500 test images of each class of Fashion-MNIST (arXiv:1708.07747), inside the package.

scripts/build_fashion_mnist_mini.py makes the file; its licence lies beside it.
"""

from pathlib import Path

from nas.dataset import Dataset, DatasetSource, Outline, dataset, split
from nas.images.archives import read_packed

CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
IMAGES = {"train": 1000, "test": 500}
"""Images of each class, by split."""
FILE = Path(__file__).with_suffix(".npz")


@dataset("fashion_mnist_mini")
class FashionMnistMini(DatasetSource):
    summary = "clothing articles, 28 x 28 grey, 10,000 + 5,000; comes with nas"
    licence = "MIT, (c) 2017 Zalando SE"

    def load(self, seed: int) -> Dataset:
        return split(self.name, CLASSES, read_packed(FILE), seed=seed, flip=True)

    def outline(self) -> Outline:
        counts = {part: [images] * len(CLASSES) for part, images in IMAGES.items()}
        return Outline.of(self.name, CLASSES, counts, side=28, channels=1)
