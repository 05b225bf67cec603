"""The layers of a compressed file as rows of a report."""

from typing import Any

import numpy as np

from nas.container.file import Container
from nas.ops.coded import CodedTensor, Floats
from nas.ops.layers import weighted_layers


def layer_rows(container: Container) -> list[dict[str, Any]]:
    """Of each convolution and linear layer: its path, weights, the density of these, the bits of a code (None for
    floats), and the bytes of weights and bias in the file, without what its manifest says of them.
    """
    kept = [layer.path for layer in weighted_layers(container.network) if layer.kind != "norm"]
    return [
        {"layer": path, **_of_weight(container.tensors[path][0]), "size_bytes": container.layer_bytes[path]}
        for path in kept
    ]


def _of_weight(weight: Floats | CodedTensor) -> dict[str, Any]:
    if isinstance(weight, CodedTensor):
        return {"weights": weight.codes.size, "density": weight.density, "bits": weight.bits}
    return {"weights": weight.size, "density": int(np.count_nonzero(weight)) / weight.size, "bits": None}
