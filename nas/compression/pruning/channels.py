"""Pruning of whole channels while a network trains, and the narrower network that is left."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nas.compression.bench import Bench
from nas.compression.distillation import Distillation
from nas.compression.forms import Layer, form_of, layers, parameter_of
from nas.compression.model import Model
from nas.compression.pruning.weights import CHOICES, Masked, Sparsity, ramped
from nas.errors import CompressionError
from nas.ops.channels import Channels, channels, narrowed
from nas.ops.layers import weighted_layers
from nas.ops.torch_reading.module import build

WORTH = "worth_of_channels"
"""Name of the buffer with what each class of channels is worth, so that checkpoints have it."""

MEMORY = 0.95
"""Share of a worth that stays after a step."""


class ChannelPruning(Distillation):
    """Sets the weights of the least channels to 0 in the layers that read them, in the course of a training.

    A class of channels is worth the square of the first-order change of the loss without it, the sum of weight times
    gradient over the weights that read it, averaged over steps (arXiv:1906.10771, equations 6 and 8). together: the
    density is one share of all classes, or of those that layers put out together.
    """

    def __init__(
        self, model: Model, sparsity: Sparsity, bench: Bench, *, label_smoothing: float, together: bool
    ) -> None:
        super().__init__(model, sparsity.distillation, bench, label_smoothing)
        if isinstance(sparsity.density, tuple):
            raise CompressionError("prune.density: one number for all layers goes with structure: channels")
        self.density, self.ramp, self.together = sparsity.density, sparsity.ramp, together
        self.channels = channels(model.network)
        if self.channels.fixed.all():
            raise CompressionError("prune: the network has no channels that can be left out; give structure: weights")
        self.readers = list(_readers(model, self.channels))
        self.change = torch.zeros(len(self.channels.fixed))

    def identity(self) -> Mapping[str, Any]:
        own = {"channels": self.density, "ramp": self.ramp, "together": self.together}
        return {**super().identity(), **own}

    @contextmanager
    def watching(self, module: nn.Module, device: str) -> Iterator[None]:
        """Within it, gradients of the module are taken note of; all of its weights have masks."""
        self.change = self.change.to(device)
        module.register_buffer(WORTH, torch.zeros_like(self.change))
        hooks = []
        by_path = layers(module)
        for path, classes in self.readers:
            parameter, of_column = parameter_of(by_path[path]), torch.from_numpy(classes).to(device)
            hooks.append(parameter.register_hook(self._noting(parameter, of_column)))  # type: ignore[no-untyped-call]  # untyped in torch
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()
            delattr(module, WORTH)

    def _noting(self, parameter: Tensor, of_column: Tensor) -> Any:
        def note(gradient: Tensor) -> None:
            products = (parameter.detach() * gradient).reshape(len(parameter), len(of_column), -1)
            self.change.index_add_(0, of_column, products.sum((0, 2)))

        return note

    @torch.no_grad()
    def after_step(self, module: nn.Module) -> None:
        worth = module.get_buffer(WORTH)
        worth.mul_(MEMORY).add_((1 - MEMORY) * self.change.square())
        self.change.zero_()

    @torch.no_grad()
    def before_step(self, module: nn.Module, step: int, progress: float) -> None:
        before = progress * (step - 1) / step if step else -1.0
        if int(progress * CHOICES) == int(before * CHOICES):
            return
        density = ramped(self.density, self.ramp, progress)
        kept = kept_classes(module.get_buffer(WORTH).cpu().numpy(), self.channels, density, together=self.together)
        by_path = layers(module)
        for path, classes in self.readers:
            mask = _mask(by_path[path])
            row = np.repeat(kept[classes], mask[0].numel() // len(classes))
            mask.copy_(torch.from_numpy(row).reshape(mask.shape[1:]).expand_as(mask))

    def narrower(self, model: Model) -> Model:
        """The model without the channels whose readers have masks of 0."""
        kept = self.channels.fixed.copy()
        by_path = layers(model.module)
        for path, classes in self.readers:
            mask = _mask(by_path[path])
            read = mask.reshape(len(mask), len(classes), -1).any(2).any(0).cpu().numpy()
            kept[classes[read]] = True
        return without_channels(model, self.channels, _one_of_each_group(kept, self.channels, np.zeros(len(kept))))


def kept_classes(worth: NDArray[np.float32], found: Channels, density: float, *, together: bool) -> NDArray[np.bool_]:
    """Which classes stay: round(density n) of n with the highest worth, all that are fixed, and one of each group."""
    kept = found.fixed.copy()
    free = np.flatnonzero(~found.fixed)
    sets = [free] if together else [free[found.groups[free] == group] for group in np.unique(found.groups[free])]
    for classes in sets:
        best = classes[np.argsort(-worth[classes], kind="stable")]
        kept[best[: max(1, round(density * len(best)))]] = True
    return _one_of_each_group(kept, found, worth)


def _one_of_each_group(kept: NDArray[np.bool_], found: Channels, worth: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    """The classes that are kept, and the best one of each group of which none is."""
    kept = kept.copy()
    for group in np.unique(found.groups):
        of_group = np.flatnonzero(found.groups == group)
        kept[of_group[np.argmax(np.where(kept[of_group], np.inf, worth[of_group]))]] = True
    return kept


def without_channels(model: Model, found: Channels, kept: NDArray[np.bool_]) -> Model:
    """The model without the classes of channels that are not kept, in evaluation mode; forms of weights are lost.

    Its scores are those that the model has with 0 in place of the weights that read these channels.
    """
    network = narrowed(model.network, found, kept)
    module = build(network, seed=0)
    state = {}
    for name, value in model.numbers().items():
        path, part, kind = name.rsplit(".", 2)
        if value.ndim and part != "reduce":
            value = value[kept[found.outputs[path]]]  # noqa: PLW2901 - row by row, then column by column
        if (
            kind == "weight"
            and value.ndim > 1
            and (classes := _read_classes(path, part, value.shape[1], found)) is not None
        ):
            columns = value.reshape(len(value), len(classes), -1)[:, kept[classes]]
            value = columns.reshape(len(value), -1, *value.shape[2:])  # noqa: PLW2901 - as above
        state[name] = torch.from_numpy(np.array(value))
    module.load_state_dict(state)
    return replace(model, network=network, module=module.eval())


def _readers(model: Model, found: Channels) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """The layers that read channels, by path, with the class that each of their columns reads."""
    for layer in weighted_layers(model.network):
        path, _, part = layer.path.rpartition(".")
        classes = None if layer.kind == "norm" else _read_classes(path, part, layer.field.channels, found)
        if classes is not None:
            yield layer.path, classes


def _read_classes(path: str, part: str, width: int, found: Channels) -> NDArray[np.int64] | None:
    """The class that each column of a weight reads, the same in all groups; None where channels pass through.

    width: of a convolution's weight, channels of its input that one of its output sees.
    """
    inputs = found.inputs[path]
    if part == "expand" or (part == "conv" and width == 1 < len(inputs)):
        return None
    return inputs[:width] if part == "conv" else inputs


def _mask(layer: Layer) -> Tensor:
    found = form_of(layer)
    if not isinstance(found, Masked):
        raise TypeError("the layer has no mask")
    return found.mask
