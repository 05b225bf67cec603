"""Codebooks: weights of a layer that share a few values (Deep Compression, arXiv:1510.00149, section 3)."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from nas.compression.clustering.clusters import cluster, nearest
from nas.compression.forms import WeightForm, form
from nas.ops.coded import MAX_LEVELS, CodedTensor
from nas.training import Recipe

Bits = Annotated[int, Field(ge=1, le=8)]
Method = Literal["lloyd", "optimal"]

RECIPE = Recipe(epochs=10, learning_rate=1e-3, schedule="cosine", warmup=0.0, weight_decay=0.0, ema_decay=None)


@form("codebook")
class Codebook(WeightForm):
    """levels[codes]: the levels [K] are trained, the codes stay. The level of a pruned weight stays 0."""

    def __init__(self, *, shape: tuple[int, ...], levels: int, zero: int | None) -> None:
        super().__init__()
        self.codes: Tensor
        self.register_buffer("codes", torch.zeros(tuple(shape), dtype=torch.uint8))
        self.levels, self.zero = levels, zero

    @property
    def config(self) -> Mapping[str, Any]:
        return {"shape": list(self.codes.shape), "levels": self.levels, "zero": self.zero}

    def trained(self, weight: Tensor) -> Tensor:
        """Each level at the mean of the weights that have its code."""
        codes = self.codes.flatten().long()
        count = torch.bincount(codes, minlength=self.levels)
        total = torch.bincount(codes, weights=weight.flatten().double(), minlength=self.levels)
        return (total / count.clamp(min=1)).to(weight.dtype)

    def forward(self, parameter: Tensor) -> Tensor:
        weight: Tensor = _Shared.apply(self._pinned(parameter), self.codes)  # type: ignore[no-untyped-call]  # untyped in torch
        return weight

    def coded(self, parameter: Tensor) -> CodedTensor:
        levels = self._pinned(parameter).detach().cpu().numpy()
        ascending, place = np.unique(levels, return_inverse=True)
        codes: NDArray[np.int64] = place[self.codes.cpu().numpy()]
        return CodedTensor(codes.astype(np.uint8), ascending)

    def _pinned(self, levels: Tensor) -> Tensor:
        if self.zero is None:
            return levels
        free = torch.ones_like(levels)
        free[self.zero] = 0
        return levels * free


class _Shared(torch.autograd.Function):
    """levels[codes]; the gradient of a level is the sum over its weights (section 3.3), in 64 bits.

    bincount sums in the order of the elements, so that a training repeats bit for bit, and faster than indexing does.
    """

    @staticmethod
    def forward(ctx: Any, levels: Tensor, codes: Tensor) -> Tensor:
        ctx.save_for_backward(codes)
        ctx.count = len(levels)
        return levels[codes.long()]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (codes,) = ctx.saved_tensors
        (gradient,) = gradients
        sums = torch.bincount(
            codes.flatten().long(), weights=gradient.contiguous().flatten().double(), minlength=ctx.count
        )
        return sums.to(gradient.dtype), None


def clustered(weight: NDArray[np.float32], count: int, method: Method) -> Codebook:
    """The codebook of a layer's weight [out, ...]: at most count levels, and 0 beside them if some weights are 0."""
    kept = weight[weight != 0]
    pruned = kept.size < weight.size
    centres = cluster(kept, min(count, MAX_LEVELS - pruned), method)
    levels = np.unique(np.concatenate((centres, [0] if pruned else []))).astype(np.float32)
    codes = np.zeros(weight.shape, np.uint8)
    of_kept = np.searchsorted(levels, centres)
    codes[weight != 0] = of_kept[nearest(kept, centres)]
    zero = int(np.searchsorted(levels, 0)) if pruned else None
    if zero is not None:
        codes[weight == 0] = zero
    made = Codebook(shape=weight.shape, levels=len(levels), zero=zero)
    made.codes.copy_(torch.from_numpy(codes))
    return made
