"""A network before its training: its module with initial weights, and images as it takes them."""

from torch import Tensor, nn

from nas.dataset import Split
from nas.ops import Network
from nas.ops.torch_reading.module import build
from nas.training.batches import normalised

Moments = tuple[tuple[float, ...], tuple[float, ...]]
"""Mean and standard deviation of each channel."""


def initial_module(network: Network, seed: int) -> nn.Module:
    """The network with its initial weights. Batch norms take the statistics of the images, and nothing is dropped."""
    made = build(network, seed)
    for part in made.modules():
        if isinstance(part, nn.Dropout):
            part.eval()
    return made


def inputs(network: Network, split: Split, moments: Moments) -> Tensor:
    """The images as the network takes them: float32 [N, C, H, H]."""
    return normalised(split.images[:], *moments, network.input.height)
