"""Pruning while a network trains: masks, and the schedule by which they become sparse."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor, nn

from nas.compression.bench import Bench
from nas.compression.distillation import Distillation
from nas.compression.forms import Layer, WeightForm, form, form_of, layers, parameter_of, set_form
from nas.compression.forms import form as forms
from nas.compression.model import Model
from nas.compression.tuning import by_layer
from nas.ops.coded import CodedTensor
from nas.training import Recipe

Density = Annotated[float, Field(gt=0, le=1)]

CHOICES = 300
"""How often in a training the weights that stay are chosen: sorting takes longer than a step of a small network."""

RECIPE = Recipe(epochs=30, schedule="cosine", warmup=0.1, ema_decay=None)


@form("masked")
class Masked(WeightForm):
    """The parameter where the mask is set, 0 elsewhere. Pruned elements keep their last value, and may come back."""

    def __init__(self, *, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.mask: Tensor
        self.register_buffer("mask", torch.ones(tuple(shape)))  # floats: a product with booleans takes longer

    @property
    def config(self) -> Mapping[str, Any]:
        return {"shape": list(self.mask.shape)}

    def trained(self, weight: Tensor) -> Tensor:
        return weight

    def forward(self, parameter: Tensor) -> Tensor:
        return parameter * self.mask


@form("sparse")
class Sparse(Masked):
    """Another form of the weight, given by name and configuration, where the mask is set; its code of 0 elsewhere."""

    def __init__(self, *, shape: tuple[int, ...], form: tuple[str, Mapping[str, Any]]) -> None:
        super().__init__(shape=shape)
        name, config = form
        self.form = forms[name](**config)

    @property
    def config(self) -> Mapping[str, Any]:
        return {**super().config, "form": [self.form.name, dict(self.form.config)]}

    def trained(self, weight: Tensor) -> Tensor:
        return self.form.trained(weight)

    def forward(self, parameter: Tensor) -> Tensor:
        weight: Tensor = self.form(super().forward(parameter))
        return weight

    def clip(self, parameter: Tensor) -> None:
        self.form.clip(parameter)

    def coded(self, parameter: Tensor) -> CodedTensor | None:
        return self.form.coded(super().forward(parameter))


@dataclass(frozen=True, slots=True)
class Sparsity:
    """How sparse a network becomes in the course of a training.

    density: share of the weights that stay, of all layers or one number for each. ramp: share of the training over
    which it falls from 1, by the cubic law of arXiv:1710.01878. distillation: share of the loss that follows the scores
    of the network before.
    """

    density: Density | tuple[Density, ...] = 0.1
    ramp: Annotated[float, Field(gt=0, le=1)] = 0.5
    distillation: Annotated[float, Field(ge=0, le=1)] = 0.5


SPARSITY = Sparsity()


def ramped(density: float, ramp: float, progress: float) -> float:
    """The density where a share `progress` of the training is done."""
    return density + (1 - density) * max(0.0, 1 - progress / ramp) ** 3


class Pruning(Distillation):
    """Chooses the weights that stay by what they are worth, in the course of a training.

    together: the density is one share of all weights, wherever those are that are worth most; or of each layer.
    """

    def __init__(
        self, model: Model, sparsity: Sparsity, bench: Bench, *, label_smoothing: float, together: bool = False
    ) -> None:
        super().__init__(model, sparsity.distillation, bench, label_smoothing)
        self.densities = by_layer(sparsity.density, len(layers(model.module)), "density")
        self.ramp, self.together = sparsity.ramp, together

    def identity(self) -> Mapping[str, Any]:
        own = {"density": list(self.densities), "ramp": self.ramp, "together": self.together}
        return {**super().identity(), **own}

    def worth(self, path: str, layer: Layer, mask: Tensor) -> Tensor:  # noqa: ARG002 - more than the size may count
        """What each weight [out, ...] of a layer is worth, its current mask being given: by default its magnitude."""
        return parameter_of(layer).abs()

    @torch.no_grad()
    def before_step(self, module: nn.Module, step: int, progress: float) -> None:
        before = progress * (step - 1) / step if step else -1.0
        if int(progress * CHOICES) == int(before * CHOICES):
            return
        found = [(path, layer, form_of(layer)) for path, layer in layers(module).items()]
        masked = [(path, layer, form.mask) for path, layer, form in found if isinstance(form, Masked)]
        worths = [self.worth(*each) for each in masked]
        finally_kept = zip(found, self.densities, strict=True)
        densities = [
            ramped(density, self.ramp, progress) for (*_, form), density in finally_kept if isinstance(form, Masked)
        ]
        if self.together:
            thresholds = [_threshold(torch.cat([worth.flatten() for worth in worths]), densities[0])] * len(worths)
        else:
            thresholds = [_threshold(worth.flatten(), share) for worth, share in zip(worths, densities, strict=True)]
        for (*_, mask), worth, threshold in zip(masked, worths, thresholds, strict=True):
            mask.copy_(worth >= threshold)


def _threshold(worths: Tensor, density: float) -> Tensor:
    """The smallest worth [] that stays of worths [n]: round(density n) are as large, and at least one."""
    keep = max(1, round(density * len(worths)))
    return worths.kthvalue(len(worths) - keep + 1).values


def mask_weights(model: Model) -> int:
    """Give each weight of the model a mask, all of them set; returns the number of layers."""
    found = layers(model.module).values()
    for layer in found:
        set_form(layer, Masked(shape=tuple(layer.weight.shape)))
    return len(found)
