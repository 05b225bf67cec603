"""Training the shared weights: the loop of every training, with another network in each step."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from nas.dataset import Dataset
from nas.space import SearchSpace
from nas.supernet import Sampling
from nas.supernet.bank import Supernet, loaded
from nas.supernet.sampling import Sampler
from nas.supernet.scoring import Scorer
from nas.supernet.starting import start_from
from nas.supernet.trained import digest_of, trained_network, unpacked
from nas.training import Recipe
from nas.training.batches import Batch
from nas.training.criterion import Criterion
from nas.training.fit import fit
from nas.trial import Report


def train(
    space: SearchSpace,
    images: Dataset,
    recipe: Recipe,
    sampling: Sampling,
    *,
    seed: int,
    device: str,
    checkpoint: Path,
    report: Report,
    start: bytes = b"",
) -> Supernet:
    """The trained supernet of the space, on the CPU. Checkpoints, reports and errors are those of nas.training.fit.

    start: trained networks whose weights it starts from, as nas.supernet.trained packs them.

    What is reported after an epoch is of the largest network: its accuracy and loss with the shared weights.
    """
    supernet = Supernet(space, seed)
    if start:
        batches = Scorer(supernet.bank, images, seed).norm_batches
        start_from(supernet.bank, map(trained_network, unpacked(start)), batches)
        supernet.started_from = digest_of(start)
    criterion = SharedCriterion(supernet, Sampler(space, sampling, seed), sampling, recipe.label_smoothing)
    fit(
        supernet,
        images,
        recipe,
        seed=seed,
        report=report,
        device=device,
        checkpoint_path=checkpoint,
        criterion=criterion,
    )
    return supernet.cpu()


class SharedCriterion(Criterion):
    """Draws the networks of each step. With several, all but the first learn the scores of the first."""

    def __init__(self, supernet: Supernet, sampler: Sampler, sampling: Sampling, label_smoothing: float) -> None:
        super().__init__(label_smoothing)
        self._supernet, self._sampler, self._sampling = supernet, sampler, sampling

    def identity(self) -> Mapping[str, Any]:
        return asdict(self._sampling)

    def before_step(self, module: nn.Module, step: int, progress: float) -> None:  # noqa: ARG002 - the supernet it has
        self._supernet.chosen, *self._others = self._sampler.draw(step, progress)

    def rate(self, rate: float, highest: float) -> float:
        """See Sampling.rate_by_size. What several networks learn in a step has the rate of the first."""
        if not self._sampling.rate_by_size:
            return rate
        return float(highest * (rate / highest) ** (2 - self._sampler.size(self._supernet.chosen)))

    def loss(self, scores: Tensor, batch: Batch) -> Tensor:
        loss = super().loss(scores, batch)
        if self._others:
            taught = scores.detach().softmax(1)
            for network in self._others:
                loss = loss + cross_entropy(self._supernet.scores(network, batch.images).float(), taught)
        return loss

    def scored(self, module: nn.Module) -> nn.Module:
        """The largest network with its part of the weights."""
        supernet = module if isinstance(module, Supernet) else self._supernet
        device = next(supernet.parameters()).device
        with torch.no_grad():
            return loaded(self._sampler.largest, supernet.bank.weights(self._sampler.largest)).to(device)
