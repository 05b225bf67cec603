"""What each layer bears: the loss and the bytes of every density and number of bits, measured one layer at a time.

Losses of layers add up to that of the network nearly enough to choose by them (HAWQ-V3, arXiv:2011.10680, section 3.4).
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import kl_div, log_softmax

from nas.compression.allocation.knapsack import least_loss
from nas.compression.clustering.codebooks import clustered
from nas.compression.forms import Layer, layers
from nas.compression.model import Model
from nas.container.file import Storage, weight_bytes
from nas.ops.coded import CodedTensor
from nas.ops.layers import WeightedLayer, weighted_layers


@dataclass(frozen=True, slots=True)
class Option:
    """What may be done to a layer.

    density: share of its weights that stay. bits: of a code. loss: divergence of the network's scores from those
    before, in nats for an image (Kullback-Leibler), with this layer changed alone. size_bytes: of its weights.
    """

    layer: str
    density: float
    bits: int
    loss: float
    size_bytes: int

    def row(self) -> dict[str, Any]:
        """As JSON values; the keyword arguments that make it again."""
        return asdict(self)


def measured(
    model: Model, batches: Sequence[Tensor], densities: Sequence[float], bits: Sequence[int], storage: Storage
) -> list[list[Option]]:
    """The options of each layer, measured on batches of images [n, C, H, W] that are on the device of the model.

    A layer that is pruned already has no option of a higher density than it has.
    """
    module = model.plain().to(batches[0].device)
    with torch.inference_mode():
        before = [log_softmax(module(images), 1) for images in batches]
    found = []
    by_path = layers(module)
    for layer in chosen_for(model):
        part = by_path[layer.path]
        weight = part.weight.detach().cpu().numpy()
        own = np.count_nonzero(weight) / weight.size
        options = []
        for density in sorted({min(density, own) for density in densities}, reverse=True):
            for width in bits:
                tensor = few_values(pruned(weight, density), width)
                loss = _divergence(module, part, tensor, zip(batches, before, strict=True))
                options.append(Option(layer.path, density, width, loss, weight_bytes(tensor, layer, storage)))
        found.append(options)
    return found


def chosen_for(model: Model) -> list[WeightedLayer]:
    """The layers whose weights are chosen for, in the network's order."""
    return [layer for layer in weighted_layers(model.network) if layer.kind != "norm"]


def allocated(options: Sequence[Sequence[Option]], budget: int) -> list[Option] | None:
    """The option of each layer with the least sum of losses, their bytes being at most the budget; None if there are
    none.
    """
    costs = [np.array([option.size_bytes for option in of_layer]) for of_layer in options]
    losses = [np.array([option.loss for option in of_layer]) for of_layer in options]
    places = least_loss(costs, losses, budget)
    return None if places is None else [of_layer[place] for of_layer, place in zip(options, places, strict=True)]


def pruned(weight: NDArray[np.float32], density: float) -> NDArray[np.float32]:
    """The weight with 0 in place of all but its largest elements: round(density n), and at least one."""
    keep = max(1, round(density * weight.size))
    smallest = np.partition(np.abs(weight).ravel(), weight.size - keep)[weight.size - keep]
    return np.where(np.abs(weight) >= smallest, weight, np.float32(0))


def few_values(weight: NDArray[np.float32], bits: int) -> CodedTensor:
    """The weight by a codebook of 2^bits values, and 0 where it is 0."""
    book = clustered(weight, 2**bits, "lloyd")
    return book.coded(short(book.trained(torch.from_numpy(weight))))


def short(levels: Tensor) -> Tensor:
    """The levels as they are in 16 bits, where some may coincide; as they were if one is too large for these."""
    halves = levels.half()
    return halves.to(levels.dtype) if halves.isfinite().all() else levels


def _divergence(module: nn.Module, layer: Layer, tensor: CodedTensor, scored: Iterable[tuple[Tensor, Tensor]]) -> float:
    """Of the scores with another weight in a layer of the module, which has its own again behind."""
    own = layer.weight.data
    layer.weight.data = torch.from_numpy(tensor.values()).to(own)
    total, images = 0.0, 0
    with torch.inference_mode():
        for batch, before in scored:
            after = log_softmax(module(batch), 1)
            total += float(kl_div(after, before, reduction="sum", log_target=True))
            images += len(batch)
    layer.weight.data = own
    return max(0.0, total / images)
