"""CIFAR-10: ten kinds of animals and vehicles (Krizhevsky, Learning multiple layers of features, 2009)."""

from functools import partial

from nas.dataset import dataset
from nas.images.archives import CIFAR_BATCHES, PARQUET_FILES, read_cifar, read_cifar_tar, read_parquet
from nas.images.published import Content, Form, Origin, PublishedSource, packed

TAR = Form(("cifar-10-python.tar.gz",), read_cifar_tar)
HUB = Form(PARQUET_FILES, partial(read_parquet, side=32, channels=3), needs="pyarrow")


@dataset("cifar10")
class Cifar10(PublishedSource):
    summary = "animals and vehicles, 32 x 32 RGB, 50,000 + 10,000"
    licence = "none stated by the authors; cite the 2009 report"
    classes = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
    train = Content(50_000, "f912919bdea371136f1aa4feed6beeca728015a5f08b1899a29c932a7e30be2b")
    test = Content(10_000, "8193b3fbce55bec361cd1b8fd4880cb1649832dc4d6de6da1e7a21847a4843aa")
    side = 32
    download_bytes = 170_498_071
    forms = (Form(CIFAR_BATCHES, read_cifar), TAR, HUB, *packed("cifar10.npz", "cifar10-q95.npz"))
    origins = (  # the official host has been throttled since 2026
        Origin("https://huggingface.co/datasets/uoft-cs/cifar10/resolve/main/plain_text", HUB),
        Origin("https://www.cs.toronto.edu/~kriz", TAR),
    )
    folders = ("cifar10", "cifar-10-batches-py", "cifar10/cifar-10-batches-py")
