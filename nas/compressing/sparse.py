"""Weights of an ONNX file as sparse tensors (SparseTensorProto), where they take fewer bytes so.

A number that is not 0 takes 12 bytes, four of the number and eight of its place in the flattened weight. ONNX Runtime
makes them dense as it loads.
"""

from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from nas.container.file import Container
from nas.ops.coded import CodedTensor, Floats

SPARSE_BYTES = 4 + 8
"""Of a number that is not 0."""


@dataclass(frozen=True, slots=True)
class SparseWhereShorter:
    """The weights of a container; those that are codes as floats, where sparse floats take fewer bytes than codes."""

    container: Container

    def layer(self, path: str, shape: tuple[int, ...]) -> tuple[Floats | CodedTensor, Floats]:
        weight, bias = self.container.layer(path, shape)
        if isinstance(weight, CodedTensor):
            values = weight.values()
            of_codes = weight.codes.size * _packed_bits(weight.bits) / 8 + weight.levels.nbytes
            if SPARSE_BYTES * np.count_nonzero(values) < of_codes:
                return values, bias
        return weight, bias

    def folded(self, path: str, shape: tuple[int, ...]) -> tuple[Floats | CodedTensor, Floats]:
        return self.layer(f"{path}.conv", shape)

    def norm(self, path: str, channels: int) -> tuple[Floats, Floats]:
        return self.container.norm(path, channels)


def _packed_bits(bits: int) -> int:
    return next(width for width in (2, 4, 8) if width >= bits)


def with_sparse_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with each float weight as a sparse tensor if the file is smaller so."""
    made = onnx.ModelProto()
    made.CopyFrom(model)
    dense = []
    for tensor in model.graph.initializer:
        sparse = _sparse(tensor) if tensor.data_type == TensorProto.FLOAT and len(tensor.dims) > 1 else None
        if sparse is not None and sparse.ByteSize() < tensor.ByteSize():
            made.graph.sparse_initializer.append(sparse)
        else:
            dense.append(tensor)
    del made.graph.initializer[:]
    made.graph.initializer.extend(dense)
    onnx.checker.check_model(made)
    return made


def _sparse(tensor: onnx.TensorProto) -> onnx.SparseTensorProto:
    values: NDArray[np.float32] = numpy_helper.to_array(tensor)
    places = np.flatnonzero(values)
    kept = numpy_helper.from_array(values.ravel()[places], tensor.name)
    indices = numpy_helper.from_array(places.astype(np.int64), f"{tensor.name}.places")
    return helper.make_sparse_tensor(kept, indices, list(values.shape))
