"""Features of kernels and networks, from which latencies are predicted: sizes, work by kind of layer, channel
alignment.

Runtimes compute in vectors of 4, 8 or 16 channels: whether the channels fill them matters as much as the multiply-adds.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nas.ops import LEAVES, Conv, Dropout, Leaf, Linear, Residual, Shape
from nas.ops.cost import cost_of, volume
from nas.ops.kernels import Kernel
from nas.ops.leaves import leaves

VECTOR_WIDTHS = (16, 8, 4)
MAC_LAYERS = ("pointwise", "spatial", "grouped", "depthwise", "linear")
OTHER_LAYERS = tuple(tag for tag, leaf in LEAVES.items() if leaf not in {Conv, Linear, Dropout})
"""Tags of the other leaves that compute something."""


def kernel_features(kernels: Sequence[Kernel]) -> NDArray[np.float64]:
    """Features of kernels, [kernels, 50]. The first four: log(1 + x) of multiply-adds, parameters, values moved and
    layers.
    """
    return np.array([_features(kernel) for kernel in kernels])


def network_features(kernels: Sequence[Kernel]) -> NDArray[np.float64]:
    """Features of a network as its kernels, [4]: log(1 + x) of multiply-adds, parameters, values moved and layers."""
    return np.asarray(np.log1p(np.expm1(kernel_features(kernels)[:, :4]).sum(0)), np.float64)


def _features(kernel: Kernel) -> list[float]:
    (y, cost), parts = cost_of(kernel.op, kernel.x), list(leaves(kernel.op, kernel.x))
    work: Counter[str] = Counter()
    count: Counter[str] = Counter()
    moved = 0
    for op, x in parts:
        out, own = cost_of(op, x)
        kind = _kind(op, x)
        work[kind] += own.macs or volume(x)
        count[kind] += 1
        moved += volume(x) + volume(out)
    macs = max(cost.macs, 1)
    sizes = (
        cost.macs, cost.params, moved, len(parts), volume(kernel.x), volume(y), kernel.x.channels, y.channels,
        kernel.x.height, max(getattr(op, "kernel", 1) for op, _ in parts),
        max(getattr(op, "stride", 1) for op, _ in parts), int(isinstance(kernel.op, Residual)),
        *(work[kind] for kind in OTHER_LAYERS), *(count[kind] for kind in MAC_LAYERS),
    )  # fmt: skip
    return [*np.log1p(sizes).tolist(), *(work[kind] / macs for kind in MAC_LAYERS), *_channel_alignment(parts)]


def _kind(op: Leaf, x: Shape) -> str:
    """The kind of layer: one of MAC_LAYERS, or the tag of the leaf."""
    if not isinstance(op, Conv):
        return op.tag
    if op.groups == 1:
        return "pointwise" if op.kernel == 1 else "spatial"
    return "depthwise" if op.groups == x.channels else "grouped"


def _channel_alignment(parts: Sequence[tuple[Leaf, Shape]]) -> list[float]:
    """How often the channels of convolutions are multiples of the vector widths: the mean over the convolutions, and
    weighted by multiply-adds. Then log(1 + multiply-adds) with channels padded to the widest vector.
    """
    aligned, macs, padded = [], [], 0.0
    for op, x in parts:
        if isinstance(op, Conv):
            own = cost_of(op, x)[1].macs
            channels = (x.channels, op.out, x.channels // op.groups)
            aligned.append([float(number % width == 0) for number in channels for width in VECTOR_WIDTHS])
            macs.append(own)
            padded += own * _padding_factor(x.channels) * _padding_factor(op.out)
    if not aligned:
        return [1.0] * (6 * len(VECTOR_WIDTHS)) + [0.0]
    averages = (np.mean(aligned, 0), np.average(aligned, 0, macs))
    return [*np.concatenate(averages).tolist(), float(np.log1p(padded))]


def _padding_factor(channels: int) -> float:
    return -(-channels // VECTOR_WIDTHS[0]) * VECTOR_WIDTHS[0] / channels
