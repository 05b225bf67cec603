"""Forms of a weight: parametrizations that compute the weight which a layer uses from the numbers that are trained.

A layer of the torch reading keeps its place and its name; torch.nn.utils.parametrize puts the form on its weight.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from math import sqrt
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from nas.ops.coded import CodedTensor
from nas.plugins import Plugins

Layer = nn.Conv2d | nn.Linear


class WeightForm(nn.Module, ABC):
    """Computes a weight [out, ...] from a parameter. The keyword arguments of its constructor are its `config`."""

    name: ClassVar[str]

    @property
    @abstractmethod
    def config(self) -> Mapping[str, Any]:
        """The constructor's arguments as JSON values: with them and a state dict, the form is made again."""

    @abstractmethod
    def trained(self, weight: Tensor) -> Tensor:
        """The first value of the parameter for a layer that has this weight now."""

    @abstractmethod
    def forward(self, parameter: Tensor) -> Tensor:
        """The weight that the layer uses."""

    def clip(self, parameter: Tensor) -> None:
        """Keep the parameter within its bounds, if it has any: called after each step of a training."""

    def coded(self, parameter: Tensor) -> CodedTensor | None:  # noqa: ARG002 - forms without codes need no parameter
        """The weight as codes whose values are exactly those of forward; None if it takes too many values."""
        return None


form: Plugins[WeightForm] = Plugins("weight form", "nas.compressors")


def layers(module: nn.Module) -> dict[str, Layer]:
    """The convolutions and linear layers of a network by path, in its order."""
    return {path: part for path, part in module.named_modules() if isinstance(part, nn.Conv2d | nn.Linear)}


def form_of(layer: Layer) -> WeightForm | None:
    """The form of the layer's weight; None for a plain weight."""
    if not parametrize.is_parametrized(layer, "weight"):
        return None
    by_name: Any = layer.parametrizations
    found: WeightForm = by_name["weight"][0]
    return found


def parameter_of(layer: Layer) -> Tensor:
    """What is trained of the layer's weight: the parameter of its form, or the weight itself."""
    if form_of(layer) is None:
        return layer.weight
    by_name: Any = layer.parametrizations
    parameter: Tensor = by_name["weight"].original
    return parameter


def glorot_bound(layer: Layer) -> float:
    """sqrt(1.5 / (inputs + outputs)) of a layer, as a convolution's window has them."""
    outputs, inputs, window = layer.weight.shape[0], layer.weight.shape[1], layer.weight[0, 0].numel()
    return sqrt(1.5 / ((inputs + outputs) * window))


def set_form(layer: Layer, new: WeightForm | None) -> None:
    """Give the layer's weight a form, computed from the weight it uses now, or (None) make that a plain parameter."""
    weight = layer.weight.detach().clone()
    if form_of(layer) is not None:
        parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)
        layer.weight = nn.Parameter(weight)
    if new is not None:
        layer.weight = nn.Parameter(new.trained(weight))
        # unsafe: the parameter of a codebook is not shaped like the weight.
        parametrize.register_parametrization(layer, "weight", new.to(weight.device), unsafe=True)


def coded_weight(layer: Layer) -> CodedTensor | None:
    """The weight that the layer uses as codes; None if its form has none."""
    current = form_of(layer)
    with torch.no_grad():
        return current.coded(parameter_of(layer)) if current else None
