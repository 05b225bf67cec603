"""Magnitude pruning on a gradual schedule (Deep Compression, arXiv:1510.00149, section 2; arXiv:1710.01878)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from nas.compression.bench import Bench
from nas.compression.distillation import Distillation
from nas.compression.forms import Layer, WeightForm, form, form_of, layers, parameter_of, set_form
from nas.compression.model import Model
from nas.compression.tuning import by_layer, tune
from nas.compressor import Compressor, compressor
from nas.errors import CompressionError
from nas.training import Recipe

Density = Annotated[float, Field(gt=0, le=1)]

CHOICES = 1000
"""How often in a training the weights that stay are chosen: sorting takes longer than a step of a small network."""

RECIPE = Recipe(epochs=30, schedule="cosine", warmup=0.1, ema_decay=None)


@form("masked")
class Masked(WeightForm):
    """The parameter where the mask is set, 0 elsewhere. Pruned elements keep their last value, and may come back."""

    def __init__(self, *, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.mask: Tensor
        self.register_buffer("mask", torch.ones(tuple(shape), dtype=torch.bool))

    @property
    def config(self) -> Mapping[str, Any]:
        return {"shape": list(self.mask.shape)}

    def trained(self, weight: Tensor) -> Tensor:
        return weight

    def forward(self, parameter: Tensor) -> Tensor:
        return parameter * self.mask


@compressor("prune")
class Prune(Compressor):
    """Sets the smallest weights to 0 while the network trains on.

    density: share of the weights that stay, for all layers or one number for each layer in the network's order. scope:
    `layer` keeps this share of each layer, `global` this share of all, wherever the largest are. ramp: share of the
    training over which the density falls from 1, by the cubic law of arXiv:1710.01878. distillation: share of the loss
    that follows the scores of the network before pruning.
    """

    def __init__(
        self,
        *,
        density: Density | tuple[Density, ...] = 0.1,
        scope: Literal["layer", "global"] = "layer",
        ramp: Annotated[float, Field(gt=0, le=1)] = 0.5,
        distillation: Annotated[float, Field(ge=0, le=1)] = 0.5,
        recipe: Recipe = RECIPE,
    ) -> None:
        self.density, self.scope, self.ramp, self.distillation, self.recipe = density, scope, ramp, distillation, recipe
        self.epochs = recipe.epochs

    def compress(self, model: Model, bench: Bench) -> Model:
        if self.scope == "global" and isinstance(self.density, tuple):
            raise CompressionError("prune.density: one number for all layers goes with scope: global")
        found = layers(model.module).values()
        masks = [Masked(shape=tuple(layer.weight.shape)) for layer in found]
        schedule = _Schedule(self, by_layer(self.density, len(found), "prune.density"), model, bench.device)
        for layer, mask in zip(found, masks, strict=True):
            set_form(layer, mask)
        tune(model, bench, self.recipe, schedule)
        return model


class _Schedule(Distillation):
    """Masks by magnitude, as sparse as the schedule says."""

    def __init__(self, stage: Prune, densities: tuple[float, ...], model: Model, device: str) -> None:
        super().__init__(model, stage.distillation, device, stage.recipe.label_smoothing)
        self.stage, self.densities = stage, densities

    def identity(self) -> Mapping[str, Any]:
        own = {"density": list(self.densities), "scope": self.stage.scope, "ramp": self.stage.ramp}
        return {**super().identity(), **own}

    def before_step(self, module: nn.Module, step: int, progress: float) -> None:
        before = progress * (step - 1) / step if step else -1.0
        if int(progress * CHOICES) == int(before * CHOICES):
            return
        left = max(0.0, 1 - progress / self.stage.ramp) ** 3
        prune(layers(module).values(), [final + (1 - final) * left for final in self.densities], self.stage.scope)


@torch.no_grad()
def prune(pruned: Iterable[Layer], densities: Sequence[float], scope: str) -> None:
    """Set the masks of layers in the form Masked: the largest weights stay, of each layer or of all (scope)."""
    masked = [(mask, parameter_of(layer).abs()) for layer in pruned if isinstance(mask := form_of(layer), Masked)]
    if scope == "global":
        thresholds = [_threshold(torch.cat([size.flatten() for _, size in masked]), densities[0])] * len(masked)
    else:
        thresholds = [_threshold(size.flatten(), share) for (_, size), share in zip(masked, densities, strict=True)]
    for (mask, size), threshold in zip(masked, thresholds, strict=True):
        mask.mask.copy_(size >= threshold)


def _threshold(sizes: Tensor, density: float) -> Tensor:
    """The smallest magnitude [] that stays of sizes [n]: round(density n) are as large, and at least one."""
    keep = max(1, round(density * len(sizes)))
    return sizes.kthvalue(len(sizes) - keep + 1).values
