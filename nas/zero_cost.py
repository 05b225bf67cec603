"""Zero-cost scores: how good a network looks before it is trained, from its initial weights and a few images."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from nas.dataset import Dataset, Split
from nas.ops import Network
from nas.plugins import Plugins

if TYPE_CHECKING:
    from torch import Tensor, nn

IMAGES = 64
"""Training images that scores are computed on."""

DIGITS = 6
"""Significant digits of a score: further ones depend on the processor and the number of threads."""


@dataclass(frozen=True)
class Sample:
    """Training images to score networks on, with the normalisation of their data set, and the seed of the weights."""

    split: Split
    mean: tuple[float, ...]
    std: tuple[float, ...]
    seed: int

    @classmethod
    def of(cls, images: Dataset, seed: int, count: int = IMAGES) -> "Sample":
        """So many of the training images, or all if there are fewer, drawn by the seed."""
        drawn = np.random.default_rng((seed, count)).permutation(len(images.train))[:count]
        return cls(images.train[drawn], images.mean, images.std, seed)

    def inputs(self, network: Network) -> "Tensor":
        """The images as the network takes them: float32 [N, C, H, H]."""
        from nas.training.batches import normalised  # noqa: PLC0415 - the service names scores without torch

        return normalised(self.split.images, self.mean, self.std, network.input.height)

    def module(self, network: Network) -> "nn.Module":
        """The network with its initial weights. Batch norms take the statistics of the images, nothing is dropped."""
        from torch import nn  # noqa: PLC0415 - as in inputs

        from nas.ops.torch_module import build  # noqa: PLC0415 - as in inputs

        made = build(network, self.seed)
        for part in made.modules():
            if isinstance(part, nn.Dropout):
                part.eval()
        return made


class ZeroCost(ABC):
    """A score of untrained networks, without a unit; higher is better. Scores have no state.

    It depends on the network and the sample alone. torch is imported where it is used, so that specs are checked
    without it.
    """

    name: ClassVar[str]

    @abstractmethod
    def score(self, network: Network, sample: Sample) -> float:
        """The score; a number that is not finite where it says nothing of the network."""


zero_cost: Plugins[ZeroCost] = Plugins("zero-cost score", "nas.zero_costs")


def zero_cost_scores(networks: Sequence[Network], names: Sequence[str], sample: Sample) -> list[Mapping[str, float]]:
    """The scores of each network by name, with DIGITS significant digits; without those that say nothing of it.

    UnknownNameError lists the known names.
    """
    scores = [zero_cost.make(name) for name in names]
    return [_finite({score.name: score.score(network, sample) for score in scores}) for network in networks]


def _finite(found: Mapping[str, float]) -> Mapping[str, float]:
    return {name: float(f"{value:.{DIGITS}g}") for name, value in found.items() if isfinite(value)}
