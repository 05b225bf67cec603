"""ONNX to ExecuTorch's .pte for its XNNPACK backend, by way of torch (https://pytorch.org/executorch)."""

import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.exir import to_edge_transform_and_lower

from latency_db.devices.converters.torch_reading import read_onnx


def convert(model: bytes) -> bytes:
    module, image = read_onnx(model)
    exported = torch.export.export(module, (image,))
    lowered = to_edge_transform_and_lower(exported, partitioner=[XnnpackPartitioner()])
    program: bytes = lowered.to_executorch().buffer
    return program
