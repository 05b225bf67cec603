"""Checks that an ONNX file does nothing but compute, by reading its protocol buffer: onnx is not installed on devices.

Checked are the operators and their domains, where tensors are stored, and their sizes. Field numbers are those of
onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
"""

from dataclasses import dataclass
from enum import IntEnum
from struct import iter_unpack

from nas.errors import ModelRefusedError
from nas.onnx_file.fields import content, fields, messages, varints

MAX_BYTES = 64 << 20
MAX_NODES = 10_000
MAX_ELEMENTS = 1 << 27
"""Elements of one tensor."""

_OPERATORS = """
Add AveragePool BatchNormalization Cast Clip Concat Constant Conv DequantizeLinear Div Dropout Flatten Gather
Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual HardSigmoid HardSwish Identity LRN LeakyRelu Log MatMul
MaxPool Mul Pad Pow QuantizeLinear ReduceMean ReduceMin Relu Reshape Resize Round Shape Sigmoid Slice Softmax
Squeeze Sub Tanh Transpose Unsqueeze Where
"""
OPERATORS = frozenset(_OPERATORS.split())
"""Operators that are run: none has control flow, or makes tensors whose size its inputs' shapes do not limit.

Resize makes some of any size; only those are run whose sizes are in the file.
"""

_DOMAINS = frozenset({b"", b"ai.onnx"})
_RESIZE_INPUTS = 4
_SIZES_BYTES = frozenset({8, 16, 24, 32})


class _Model(IntEnum):
    GRAPH, OPSETS, TRAINING, FUNCTIONS = 7, 8, 20, 25


class _Graph(IntEnum):
    NODE, CONSTANT, INPUT, OUTPUT, BETWEEN, SPARSE = 1, 5, 11, 12, 13, 15


class _Node(IntEnum):
    INPUT, OPERATOR, ATTRIBUTE, DOMAIN = 1, 4, 5, 7


class _Attribute(IntEnum):
    NAME, TENSOR, GRAPH, TENSORS, GRAPHS, SPARSE, SPARSES = 1, 5, 6, 10, 11, 22, 23


class _Tensor(IntEnum):
    DIMS, NAME, RAW, EXTERNAL, LOCATION = 1, 8, 9, 13, 14


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may have. operators: None for all of the standard that contain no graph, those too that make tensors
    of a size of their own: for processes that may be lost.
    """

    max_bytes: int = MAX_BYTES
    operators: frozenset[str] | None = OPERATORS


OF_DEVICES = Limits()


def check_model(model: bytes | memoryview, limits: Limits = OF_DEVICES) -> None:
    """ModelRefusedError if the file is not run, with the reason."""
    if len(model) > limits.max_bytes:
        raise ModelRefusedError(f"the model has {len(model)} bytes, more than {limits.max_bytes}")
    graphs = 0
    for number, value in fields(memoryview(model)):
        if number in (_Model.FUNCTIONS, _Model.TRAINING):
            raise ModelRefusedError("the model defines functions")
        if number == _Model.OPSETS and limits.operators is not None:  # of others, what nodes use is checked
            _check_domain(content(value), 1)
        if number == _Model.GRAPH:
            graphs += 1
            _check_graph(content(value), limits.operators)
    if graphs != 1:
        raise ModelRefusedError(f"the file has {graphs} graphs: it is not an ONNX model, or only a part of one")


def _check_graph(graph: memoryview, operators: frozenset[str] | None) -> None:
    nodes = 0
    sizes: list[bytes] = []
    constants: dict[bytes, list[int]] = {}
    for number, value in fields(graph):
        if number == _Graph.NODE:
            nodes += 1
            sizes += _check_node(content(value), operators)
        elif number == _Graph.CONSTANT:
            _check_tensor(content(value))
            if integers := _integers(content(value)):
                constants.setdefault(integers[0], []).extend(integers[1])
        elif number == _Graph.SPARSE:
            raise ModelRefusedError("the model has sparse tensors")
        elif number in (_Graph.INPUT, _Graph.OUTPUT, _Graph.BETWEEN):
            _check_value(content(value))
    if not 0 < nodes <= MAX_NODES:
        raise ModelRefusedError(f"the graph has {nodes} nodes; 1 to {MAX_NODES} are run")
    for name in sizes:
        if name not in constants:
            raise ModelRefusedError("a Resize has sizes that are not constants of the file")
        _check_size(constants[name])


def _check_node(node: memoryview, operators: frozenset[str] | None) -> list[bytes]:
    """Check a node. Returns the names of constants that are the sizes of its output, where operators are limited."""
    _check_domain(node, _Node.DOMAIN)
    name = ""
    for number, value in fields(node):
        if number == _Node.OPERATOR:
            name = bytes(content(value)).decode("utf-8", "replace")
            if operators is not None and name not in operators:
                raise ModelRefusedError(f"the operator {name[:40]!r} is not one of those that are run")
        if number == _Node.ATTRIBUTE:
            _check_attribute(content(value))
    return _resize_sizes(node) if name == "Resize" and operators is not None else []


def _resize_sizes(node: memoryview) -> list[bytes]:
    """The input of a Resize with the sizes; others, which could make them larger, are refused."""
    inputs = [bytes(name) for name in messages(node, _Node.INPUT)]
    kept = [name for attribute in messages(node, _Node.ATTRIBUTE) for name in messages(attribute, _Attribute.NAME)]
    if len(inputs) != _RESIZE_INPUTS or any(inputs[1:-1]) or b"keep_aspect_ratio_policy" in map(bytes, kept):
        raise ModelRefusedError("a Resize is run by its sizes alone")
    return inputs[-1:]


def _integers(tensor: memoryview) -> tuple[bytes, list[int]] | None:
    """The name of a constant and its 64-bit integers, if it may hold the sizes of an image."""
    names, contents = list(messages(tensor, _Tensor.NAME)), list(messages(tensor, _Tensor.RAW))
    if len(names) != 1 or len(contents) != 1 or len(contents[0]) not in _SIZES_BYTES:
        return None
    return bytes(names[0]), [size for (size,) in iter_unpack("<Q", contents[0])]


def _check_attribute(attribute: memoryview) -> None:
    for number, value in fields(attribute):
        if number in (_Attribute.GRAPH, _Attribute.GRAPHS):
            raise ModelRefusedError("a node contains a graph, as loops and branches do")
        if number in (_Attribute.TENSOR, _Attribute.TENSORS):
            _check_tensor(content(value))
        if number in (_Attribute.SPARSE, _Attribute.SPARSES):
            raise ModelRefusedError("the model has sparse tensors")


def _check_tensor(tensor: memoryview) -> None:
    dims: list[int] = []
    for number, value in fields(tensor):
        if number == _Tensor.DIMS:  # packed or not
            dims += [value] if isinstance(value, int) else varints(value)
        if number == _Tensor.EXTERNAL or (number == _Tensor.LOCATION and value):
            raise ModelRefusedError("a tensor is stored in another file")
    _check_size(dims)


def _check_value(value: memoryview) -> None:
    """Check ValueInfoProto.type.tensor_type.shape.dim.dim_value; other types are refused."""
    for kind in messages(value, 2):
        for number, inner in fields(kind):
            if number != 1:
                raise ModelRefusedError("an input or output is not a tensor")
            for shape in messages(content(inner), 2):
                _check_size(
                    [size for dim in messages(shape, 1) for n, size in fields(dim) if isinstance(size, int) and n == 1]
                )


def _check_size(dims: list[int]) -> None:
    elements = 1
    for size in dims:
        elements *= size or 1  # a zero does not excuse the other sizes, and the product stays a small integer
        if elements > MAX_ELEMENTS:
            raise ModelRefusedError(f"a tensor has more than {MAX_ELEMENTS} elements")


def _check_domain(of: memoryview, field: int) -> None:
    for domain in messages(of, field):
        if bytes(domain) not in _DOMAINS:
            raise ModelRefusedError(f"the operator domain {bytes(domain[:40]).decode('utf-8', 'replace')!r} is not run")
