"""Codes that change while a network trains: each weight takes the level that it is nearest to (arXiv:1308.3432)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nas.compression.clustering.clusters import cluster
from nas.compression.clustering.codebooks import Method
from nas.compression.distillation import Distillation
from nas.compression.forms import WeightForm, form, form_of, layers, parameter_of
from nas.ops.coded import MAX_LEVELS

EVERY = 50
"""Steps between two moves of the levels: weights move less in a step than levels are apart."""
MOVES_UNTIL = 0.5


@form("nearest")
class Nearest(WeightForm):
    """For each kept weight the nearest of the levels [K], which ascend; 0 for the others.

    Its gradient passes to the parameter as if nothing were rounded (the straight-through estimator).
    """

    def __init__(self, *, shape: tuple[int, ...], kept: int, levels: int) -> None:
        super().__init__()
        self.shape = tuple(shape)
        self.places: Tensor
        self.levels: Tensor
        self.register_buffer("places", torch.zeros(kept, dtype=torch.int64))  # of the kept weights in a flat tensor
        self.register_buffer("levels", torch.zeros(levels))

    @property
    def config(self) -> Mapping[str, Any]:
        return {"shape": list(self.shape), "kept": len(self.places), "levels": len(self.levels)}

    def trained(self, weight: Tensor) -> Tensor:
        return weight

    def forward(self, parameter: Tensor) -> Tensor:
        weight: Tensor = _Nearest.apply(parameter, self.levels, self.places)  # type: ignore[no-untyped-call]  # untyped in torch
        return weight

    def move(self, parameter: Tensor) -> None:
        """Each level to the mean of the parameters that are nearest to it, as in an iteration of Lloyd's."""
        kept = parameter.reshape(-1)[self.places].double()
        codes = nearest_level(kept, self.levels)
        count = torch.bincount(codes, minlength=len(self.levels))
        mean = torch.bincount(codes, weights=kept, minlength=len(self.levels)) / count.clamp(min=1)
        moved = torch.where(count > 0, mean.to(self.levels.dtype), self.levels)
        self.levels.copy_(moved.sort().values)


class _Nearest(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, parameter: Tensor, levels: Tensor, places: Tensor) -> Tensor:
        ctx.save_for_backward(places)
        kept = parameter.reshape(-1)[places]
        return _placed(levels[nearest_level(kept, levels)], places, parameter.shape)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (places,) = ctx.saved_tensors
        (gradient,) = gradients
        return _placed(gradient.reshape(-1)[places], places, gradient.shape), None, None


def _placed(values: Tensor, places: Tensor, shape: torch.Size) -> Tensor:
    """The values [n] at the places [n] of a tensor that is 0 elsewhere."""
    return values.new_zeros(shape.numel()).index_copy_(0, places, values).view(shape)


def nearest_level(values: Tensor, levels: Tensor) -> Tensor:
    """Index of the nearest of the ascending levels for each value."""
    return torch.bucketize(values, (levels[1:] + levels[:-1]) / 2)


class MovingCodes(Distillation):
    """Moves the levels after the weights that are nearest to them, in the first half of a training.

    Then the weights settle on levels that stay: levels that follow weights to the end drift, as no gradient holds them.
    """

    def identity(self) -> Mapping[str, Any]:
        return {**super().identity(), "codes": "moving"}

    @torch.no_grad()
    def before_step(self, module: nn.Module, step: int, progress: float) -> None:
        if step % EVERY == 0 and progress < MOVES_UNTIL:
            for layer in layers(module).values():
                if isinstance(found := form_of(layer), Nearest):
                    found.move(parameter_of(layer))


def following(weight: NDArray[np.float32], count: int, method: Method) -> Nearest:
    """The form of a layer's weight [out, ...] that follows at most count centres of its clusters, and stays 0 at 0."""
    centres = cluster(weight[weight != 0], min(count, MAX_LEVELS - 1), method)
    places = np.flatnonzero(weight)
    made = Nearest(shape=weight.shape, kept=len(places), levels=len(centres))
    made.places.copy_(torch.from_numpy(places))
    made.levels.copy_(torch.from_numpy(centres))
    return made
