"""Fashion-MNIST: photos of clothing articles (Xiao, Rasul and Vollgraf, arXiv:1708.07747)."""

from functools import partial

from nas.dataset import dataset
from nas.images.archives import IDX_FILES, PARQUET_FILES, read_idx, read_parquet
from nas.images.published import Content, Form, Origin, PublishedSource, packed

IDX = Form(IDX_FILES, read_idx)
CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
HUB = Form(PARQUET_FILES, partial(read_parquet, side=28, channels=1), needs="pyarrow")


@dataset("fashion_mnist")
class FashionMnist(PublishedSource):
    summary = "clothing articles, 28 x 28 grey, 60,000 + 10,000"
    licence = "MIT, (c) 2017 Zalando SE"
    classes = CLASSES
    train = Content(60_000, "16d82e2b505296aa2b78bd5ea0992634f30419a4c97def7c907d154a35ac6157")
    test = Content(10_000, "9f1ec356a747bfe4ebab3cfb722d3694c9ca737e2570f6f90cf31d7b6fd689d4")
    side = 28
    channels = 1
    download_bytes = 30_878_645
    forms = (IDX, HUB, *packed("fashion_mnist.npz", "fashion-mnist.npz"))
    origins = (
        Origin("https://storage.googleapis.com/tensorflow/tf-keras-datasets", IDX),
        Origin("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com", IDX),
        Origin("https://huggingface.co/datasets/zalando-datasets/fashion_mnist/resolve/main/fashion_mnist", HUB),
    )
    folders = ("fashion_mnist", "fashion-mnist", "FashionMNIST/raw")
