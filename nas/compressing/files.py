"""The ONNX file that a compressed file unpacks to."""

from collections.abc import Sequence
from math import isfinite

import onnx

from nas.compressing.sparse import SparseWhereShorter, with_sparse_weights
from nas.container.file import Container, Expanded, read
from nas.errors import CompressionError, FormatError
from nas.images.preprocessing import Preprocessing, metadata
from nas.onnx_file.metadata import stamped
from nas.ops import Network
from nas.ops.cost import cost_of
from nas.ops.layers import weighted_layers
from nas.ops.onnx_graph import onnx_model, tensors_by_member
from nas.ops.weights import Weights
from nas.quantization.qdq import quantised
from nas.quantization.recipes import RECIPES, StaticQuantization


def unpacked(file: bytes, *, as_floats: bool = False, sparse: bool = False) -> bytes:
    """The ONNX file of a compressed file. FormatError says why it cannot be read.

    Weights that are codes stay packed integers with a table of their values, or become 32-bit floats. A network that
    computes in 8-bit integers has QuantizeLinear/DequantizeLinear pairs, and says by which recipe and which layers stay
    in floats; as floats, its activations are not rounded. sparse: weights with many zeros become sparse tensors where
    the file is smaller so, except for 8-bit integers.
    """
    container = read(file)
    classes, preprocessing = _described(container)
    about = metadata(container.network, classes, preprocessing)
    integers = container.properties.get("integers")
    weights: Weights = container
    if as_floats or integers:
        weights = Expanded(container)
    elif sparse:
        weights = SparseWhereShorter(container)
    model = onnx_model(container.network, weights)
    if integers and not as_floats:
        how = StaticQuantization.read(integers)
        about["integers"] = {"recipe": how.recipe, "float_layers": _float_layers(container.network, how)}
        tensors = {"image", *(output for node in model.graph.node for output in node.output)}
        if tensors != set(how.ranges):
            raise FormatError("its ranges of activations are those of another network; the file is damaged")
        try:
            model = onnx.load_from_string(quantised(model.SerializeToString(), how))
        except CompressionError as error:
            raise FormatError(f"its activations cannot be quantised ({error}); the file is damaged") from None
    elif sparse:
        model = with_sparse_weights(model)
    return stamped(model, about)


def _float_layers(network: Network, how: StaticQuantization) -> list[str]:
    """The paths of the layers that compute in floats."""
    tensors = tensors_by_member(network)
    paths = [layer.path for layer in weighted_layers(network) if layer.kind != "norm"]
    stay = [not how.floats.isdisjoint(tensors[int(path.partition(".")[0])]) for path in paths]
    first = RECIPES[how.recipe].float_layers
    return [path for place, path in enumerate(paths) if stay[place] or place < first]


def _described(container: Container) -> tuple[Sequence[str], Preprocessing]:
    found, shape = container.properties, container.network.input
    try:
        classes, size = tuple(map(str, found["classes"])), int(found["size"])
        mean, std = (tuple(map(float, found[name])) for name in ("mean", "std"))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise FormatError(f"its properties do not say what images it takes ({error}); the file is damaged") from None
    is_normal = len(mean) == len(std) == shape.channels and all(map(isfinite, (*mean, *std))) and min(std) > 0
    if size < 1 or not is_normal or len(classes) != cost_of(container.network.op, shape)[0].channels:
        raise FormatError("its properties are of other images or classes than its network; the file is damaged")
    return classes, Preprocessing(size, shape.height, shape.channels, mean, std)
