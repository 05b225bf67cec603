"""Codes that change while a network trains: each weight takes the level that it is nearest to (arXiv:1308.3432)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nas.compression.clusters import cluster
from nas.compression.codebooks import Method
from nas.compression.distillation import Distillation
from nas.compression.forms import WeightForm, form, form_of, layers, parameter_of
from nas.ops.coded import MAX_LEVELS

EVERY = 50
"""Steps between two moves of the levels: weights move less in a step than levels are apart."""


@form("nearest")
class Nearest(WeightForm):
    """For each kept weight the nearest of the levels [K], which ascend; 0 for the others.

    Its gradient passes to the parameter as if nothing were rounded (the straight-through estimator).
    """

    def __init__(self, *, shape: tuple[int, ...], levels: int) -> None:
        super().__init__()
        self.mask: Tensor
        self.levels: Tensor
        self.register_buffer("mask", torch.ones(tuple(shape)))
        self.register_buffer("levels", torch.zeros(levels))

    @property
    def config(self) -> Mapping[str, Any]:
        return {"shape": list(self.mask.shape), "levels": len(self.levels)}

    def trained(self, weight: Tensor) -> Tensor:
        return weight

    def forward(self, parameter: Tensor) -> Tensor:
        weight: Tensor = _Nearest.apply(parameter, self.levels, self.mask)  # type: ignore[no-untyped-call]  # untyped in torch
        return weight

    def move(self, parameter: Tensor) -> None:
        """Each level to the mean of the parameters that are nearest to it, as in an iteration of Lloyd's."""
        kept = parameter[self.mask > 0].double()
        codes = nearest_level(kept, self.levels)
        count = torch.bincount(codes, minlength=len(self.levels))
        mean = torch.bincount(codes, weights=kept, minlength=len(self.levels)) / count.clamp(min=1)
        moved = torch.where(count > 0, mean.to(self.levels.dtype), self.levels)
        self.levels.copy_(moved.sort().values)


class _Nearest(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, parameter: Tensor, levels: Tensor, mask: Tensor) -> Tensor:
        ctx.save_for_backward(mask)
        kept = mask > 0
        weight = torch.zeros_like(parameter)
        weight[kept] = levels[nearest_level(parameter[kept], levels)]
        return weight

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (mask,) = ctx.saved_tensors
        return gradients[0] * mask, None, None


def nearest_level(values: Tensor, levels: Tensor) -> Tensor:
    """Index of the nearest of the ascending levels for each value."""
    return torch.bucketize(values, (levels[1:] + levels[:-1]) / 2)


class MovingCodes(Distillation):
    """Moves the levels after the weights that are nearest to them."""

    def identity(self) -> Mapping[str, Any]:
        return {**super().identity(), "codes": "moving"}

    @torch.no_grad()
    def before_step(self, module: nn.Module, step: int, progress: float) -> None:  # noqa: ARG002 - of the contract
        if step % EVERY == 0:
            for layer in layers(module).values():
                if isinstance(found := form_of(layer), Nearest):
                    found.move(parameter_of(layer))


def following(weight: NDArray[np.float32], count: int, method: Method) -> Nearest:
    """The form of a layer's weight [out, ...] that follows at most count centres of its clusters, and stays 0 at 0."""
    centres = cluster(weight[weight != 0], min(count, MAX_LEVELS - 1), method)
    made = Nearest(shape=weight.shape, levels=len(centres))
    made.mask.copy_(torch.from_numpy(weight != 0))
    made.levels.copy_(torch.from_numpy(centres))
    return made
