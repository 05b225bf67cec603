"""Scoring networks with shared weights: their part of them, batch norms re-estimated, the validation images."""

from collections.abc import Sequence
from functools import lru_cache
from random import Random

import numpy as np
from torch import Tensor, nn
from typing_extensions import Buffer

from nas.dataset import Dataset
from nas.ops import Network
from nas.supernet.bank import Bank, loaded
from nas.supernet.expected import ExpectedAccuracy, fitted
from nas.supernet.file import SharedWeights, header, read
from nas.supernet.roles import Roles
from nas.training.averaging import reestimate
from nas.training.batches import normalised
from nas.training.score import Score, evaluate
from nas.training.tensors import tensor

REESTIMATION_IMAGES = 512
"""Number of training images on which batch norms are re-estimated."""

BATCH_SIZE = 128
"""Small batches stay in the caches of a CPU: twice as fast as all images at once."""

FITTED_NETWORKS = 16
"""Random networks that the curve of expected accuracies is fitted to."""


class Scorer:
    """Scores networks of the space of a bank on the validation images of one data set.

    A score is a function of the bank, the images and the seed, which draws the images for the batch norms.
    """

    def __init__(self, bank: Bank, images: Dataset, seed: int, device: str = "cpu") -> None:
        self._bank, self._images, self._device = bank, images, device
        order = np.random.default_rng((seed, len(images.train))).permutation(len(images.train))
        self._for_norms = images.train[np.sort(order[:REESTIMATION_IMAGES])]

    def score(self, network: Network) -> Score:
        """Of the network with its part of the weights. SpecError if it is not of the space."""
        images, resolution = self._images, network.input.height
        net = self.network(network)
        reestimate(net, self.norm_batches(resolution))
        return evaluate(net, images.validation, images.mean, images.std, resolution, batch_size=BATCH_SIZE)

    def scores(self, networks: Sequence[Network]) -> list[Score]:
        """Of each of the networks."""
        return [self.score(network) for network in networks]

    def network(self, network: Network) -> nn.Module:
        """The network with copies of its part of the weights."""
        return loaded(network, self._bank.weights(network)).to(self._device)

    def norm_batches(self, resolution: int) -> "list[Tensor]":
        """The images that batch norms are re-estimated on, [B, C, H, H] each."""
        images = self._images
        parts = (self._for_norms.images[at : at + BATCH_SIZE] for at in range(0, len(self._for_norms), BATCH_SIZE))
        return [normalised(part, images.mean, images.std, resolution).to(self._device) for part in parts]


def fit_expected(scorer: Scorer, roles: Roles, seed: int) -> ExpectedAccuracy:
    """The accuracy that a loss lets expect, as it is among random networks of the space."""
    rng = Random(seed)
    networks = [roles.space.sample(rng).architecture.expand() for _ in range(FITTED_NETWORKS)]
    scores = scorer.scores(networks)
    return fitted([each.loss for each in scores], [each.accuracy for each in scores])


class _Content:
    """The content of a file, which is equal to others with the same header."""

    def __init__(self, buffer: Buffer) -> None:
        self.buffer, self._header = buffer, header(buffer)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Content) and self._header == other._header

    def __hash__(self) -> int:
        return hash(self._header)


def bank_of(content: Buffer) -> tuple[SharedWeights, Bank]:
    """The weights in a file's content, read once in a process: tensors lie in the content that was given first."""
    return _bank_of(_Content(content))


@lru_cache(maxsize=1)
def _bank_of(content: _Content) -> tuple[SharedWeights, Bank]:
    weights = read(content.buffer)
    tensors = {key: tensor(array) for key, array in weights.tensors.items()}
    return weights, Bank(Roles(weights.space), weights.sizes, tensors)
