"""Scoring a module on images."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from nas.dataset import Split
from nas.training.batches import normalised, tensor

BATCH_SIZE = 512


@dataclass(frozen=True, slots=True)
class Score:
    """accuracy: share of the images whose class scores highest, in [0, 1]; loss: mean cross-entropy in nats."""

    accuracy: float
    loss: float


def evaluate(
    module: nn.Module, split: Split, mean: Sequence[float], std: Sequence[float], resolution: int | None = None
) -> Score:
    """Score module on its device, in eval mode and 32 bits, on images normalised by mean and std."""
    device = next(module.parameters()).device
    correct = torch.zeros((), dtype=torch.int64, device=device)
    loss = torch.zeros((), dtype=torch.float64, device=device)
    training = module.training
    module.eval()
    with torch.inference_mode():
        for start in range(0, len(split), BATCH_SIZE):
            images = tensor(split.images[start : start + BATCH_SIZE]).to(device)
            labels = tensor(split.labels[start : start + BATCH_SIZE]).to(device)
            scores = module(normalised(images, mean, std, resolution))
            correct += (scores.argmax(1) == labels).sum()
            loss += cross_entropy(scores, labels, reduction="sum")
    module.train(training)
    return Score(int(correct) / len(split), float(loss) / len(split))
