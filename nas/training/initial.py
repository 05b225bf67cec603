"""A network before its training: its module with initial weights, and images as it takes them."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import unfold

from nas.dataset import Dataset, Split
from nas.ops import Network
from nas.ops.torch_reading.module import build
from nas.training import Recipe
from nas.training.batches import normalised

Moments = tuple[tuple[float, ...], tuple[float, ...]]
"""Mean and standard deviation of each channel."""

WHITENING_IMAGES = 1000
WHITENING_EPSILON = 5e-4
PIXELS_AT_ONCE = 2**20
"""Whose patches are held in memory, about 100 MB for filters of 3 x 3."""


def initial_module(network: Network, seed: int) -> nn.Module:
    """The network with its initial weights. Batch norms take the statistics of the images, and nothing is dropped."""
    made = build(network, seed)
    for part in made.modules():
        if isinstance(part, nn.Dropout):
            part.eval()
    return made


def untrained(network: Network, images: Dataset, recipe: Recipe, seed: int) -> nn.Module:
    """The network with the weights that a training by the recipe begins with."""
    made = build(network, seed)
    if recipe.whitened:
        whiten(made, images, network.input.height)
    return made


def inputs(network: Network, split: Split, moments: Moments) -> Tensor:
    """The images as the network takes them: float32 [N, C, H, H]."""
    return normalised(split.images[:], *moments, network.input.height)


@torch.no_grad()
def whiten(module: nn.Module, images: Dataset, side: int) -> None:
    """Freeze the convolution that sees the images, with the directions in which its patches vary most as its first
    filters, each with both signs and scaled to a variance of 1 (arXiv:2404.00498, section 3.2).

    Of WHITENING_IMAGES training images at side pixels. Filters beyond twice the numbers of a patch keep their random
    weights. A network that does not begin with a convolution over all channels stays as it is.
    """
    first = next((part for part in module.modules() if isinstance(part, nn.Conv2d)), None)
    if first is None or first.groups > 1 or first.in_channels != images.channels:
        return
    variances, directions = torch.linalg.eigh(_patch_covariance(images, side, first.kernel_size))
    scaled = (directions / (variances + WHITENING_EPSILON).sqrt()).T.flip(0)
    both = torch.stack([scaled, -scaled], 1).flatten(0, 1)[: len(first.weight)]
    first.weight[: len(both)] = both.view(-1, *first.weight.shape[1:]).to(first.weight.dtype)
    first.weight.requires_grad = False


def _patch_covariance(images: Dataset, side: int, kernel: tuple[int, ...]) -> Tensor:
    """float64 [C * k * k, C * k * k] of the training images' patches, normalised as the network takes them."""
    train = images.train
    chosen = np.unique(np.linspace(0, len(train) - 1, min(len(train), WHITENING_IMAGES)).round().astype(np.int64))
    total, count = torch.zeros(()), 0
    for some in np.array_split(chosen, -(-len(chosen) * side**2 // PIXELS_AT_ONCE)):
        seen = normalised(train.images[some], images.mean, images.std, side)
        patches = unfold(seen, kernel).transpose(1, 2).flatten(0, 1)  # [patches, C * k * k]
        total, count = total + (patches.T @ patches).double(), count + len(patches)
    return total / count
