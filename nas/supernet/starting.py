"""Starting a training of shared weights from trained networks (SuperFast, DAC 2025).

In files, batch norms are folded into convolutions: w' = gamma w / sigma, b' = beta - gamma mu / sigma. A norm that
takes its statistics from the images, as those of shared weights do, computes the same with the weight c w', for beta
the mean of what w' and b' give on images, and for gamma the root of its variance + epsilon / c^2.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn

from nas.ops.layers import weighted_layers
from nas.ops.rewriting import without_norms
from nas.ops.torch_reading.module import build, load_arrays
from nas.ops.weights import BATCH_NORM_EPS
from nas.supernet.bank import Bank
from nas.supernet.trained import TrainedNetwork, claimed

Batches = Callable[[int], Sequence[Tensor]]
"""Images [B, C, H, H] by their side H."""

SHORTEST = 1e-12
"""Filters that are shorter are left as they are: their channel is constant."""


@torch.no_grad()
def start_from(bank: Bank, trained: Iterable[TrainedNetwork], batches: Batches) -> None:
    """Write the weights of trained networks of the space into the bank, the largest first; all others stay.

    Where several have a part of a tensor, it is that of the largest: so that one computes, with its part of the bank,
    what it did by itself.
    """
    for each, shares in claimed(bank.roles, trained):
        values = _normalised(each, bank.weights(each.network), batches(each.network.input.height))
        for share in shares:
            bank.put(share, values[share.path])


def _normalised(trained: TrainedNetwork, before: Mapping[str, Tensor], batches: Sequence[Tensor]) -> dict[str, Tensor]:
    """The parameters of the network with batch norms, by path. before: those that they take the place of.

    A filter is as long as that which it takes the place of: before a norm its length says nothing but how far a step of
    the training goes.
    """
    found = {path: torch.tensor(array) for path, array in trained.arrays.items()}
    folded = [layer.path for layer in weighted_layers(trained.network) if layer.folds]
    means, variances = _statistics(trained, folded, batches)
    for path in folded:
        norm, weight = f"{path.removesuffix('conv')}norm", f"{path}.weight"
        length, wanted = (of[weight].flatten(1).norm(dim=1) for of in (found, before))
        is_filter = (length > SHORTEST).view(-1, 1, 1, 1)
        by = wanted / length.clamp(min=SHORTEST)
        found[weight] = torch.where(is_filter, found[weight] * by.view(-1, 1, 1, 1), before[weight])
        found[f"{norm}.weight"] = (variances[path] + BATCH_NORM_EPS / by**2).sqrt()
        found[f"{norm}.bias"] = means[path]
    return found


def _statistics(
    trained: TrainedNetwork, paths: Sequence[str], batches: Sequence[Tensor]
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Mean and variance [channels] of the outputs of these convolutions, on the images of all batches."""
    module = build(without_norms(trained.network), seed=0).eval()
    load_arrays(module, trained.arrays)
    sums: dict[str, Tensor] = {}

    def heard(path: str) -> Callable[[nn.Module, object, Tensor], None]:
        def add(_module: nn.Module, _inputs: object, output: Tensor) -> None:
            y = output.double().transpose(0, 1).flatten(1)
            both = torch.stack([torch.full_like(y[:, 0], y.shape[1]), y.sum(1), (y * y).sum(1)])
            sums[path] = sums[path] + both if path in sums else both

        return add

    for path in paths:
        module.get_submodule(path).register_forward_hook(heard(path))
    for images in batches:
        module(images)
    means = {path: of[1] / of[0] for path, of in sums.items()}
    variances = {path: (of[2] / of[0] - means[path] ** 2).clamp(min=0) for path, of in sums.items()}
    return {path: of.float() for path, of in means.items()}, {path: of.float() for path, of in variances.items()}
