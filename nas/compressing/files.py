"""The files of a compression: the compressed one, and the ONNX file that it unpacks to."""

from collections.abc import Sequence

from nas.compression.model import Model
from nas.container.file import Container, Expanded, read, write
from nas.dataset import Dataset
from nas.errors import FormatError
from nas.export import metadata
from nas.images.preprocessing import Preprocessing
from nas.metadata import stamped
from nas.ops.onnx_graph import StateWeights, onnx_model


def packed(model: Model, dataset: Dataset) -> bytes:
    """The model as a compressed file (nas.container), which says which images and classes it is for."""
    properties = {
        "classes": list(dataset.classes),
        "size": dataset.side,
        "mean": list(dataset.mean),
        "std": list(dataset.std),
    }
    return write(model.network, StateWeights(model.weights()), properties, model.storage)


def unpacked(file: bytes, *, as_floats: bool = False) -> bytes:
    """The ONNX file of a compressed file. FormatError says why it cannot be read.

    Weights that are codes stay packed integers with a table of their values, or become 32-bit floats.
    """
    container = read(file)
    classes, preprocessing = _described(container)
    about = metadata(container.network, classes, preprocessing)
    return stamped(onnx_model(container.network, Expanded(container) if as_floats else container), about)


def _described(container: Container) -> tuple[Sequence[str], Preprocessing]:
    found, shape = container.properties, container.network.input
    try:
        classes = tuple(map(str, found["classes"]))
        mean, std = (tuple(map(float, found[name])) for name in ("mean", "std"))
        return classes, Preprocessing(int(found["size"]), shape.height, shape.channels, mean, std)
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"its properties do not say what images it takes ({error}); the file is damaged") from None
