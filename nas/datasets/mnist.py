"""MNIST: handwritten digits (LeCun, Bottou, Bengio and Haffner, Proceedings of the IEEE 86, 1998)."""

from functools import partial

from nas.dataset import dataset
from nas.images.archives import IDX_FILES, PARQUET_FILES, read_idx, read_parquet
from nas.images.published import Content, Form, Origin, PublishedSource, packed

IDX = Form(IDX_FILES, read_idx)
HUB = Form(PARQUET_FILES, partial(read_parquet, side=28, channels=1), needs="pyarrow")


@dataset("mnist")
class Mnist(PublishedSource):
    summary = "handwritten digits, 28 x 28 grey, 60,000 + 10,000"
    licence = "none stated by the authors"
    classes = tuple("0123456789")
    train = Content(60_000, "edc0d1098aa497be14ace79ddd5171e5a3dcf9c4d196c015389203eb3ba1f59b")
    test = Content(10_000, "c3f9adf9c66efb572b1f9326c3a511b45910c7173b97be66ceceeeeaef6b802b")
    side = 28
    channels = 1
    download_bytes = 11_594_722
    forms = (IDX, HUB, *packed("mnist.npz"))
    origins = (
        Origin("https://storage.googleapis.com/cvdf-datasets/mnist", IDX),
        Origin("https://ossci-datasets.s3.amazonaws.com/mnist", IDX),
        Origin("https://huggingface.co/datasets/ylecun/mnist/resolve/main/mnist", HUB),
    )
    flip = False
    folders = ("mnist", "MNIST/raw")
