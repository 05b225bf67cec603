"""Scoring a module on images."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from nas.dataset import Split
from nas.statistics.by_class import balanced, confusion
from nas.training.batches import at_once, normalised
from nas.training.tensors import tensor

BATCH_SIZE = 512
"""At most, as nas.training.batches.at_once says."""


@dataclass(frozen=True, slots=True)
class Score:
    """accuracy: share of the images whose class scores highest, in [0, 1]; loss: mean cross-entropy in nats.

    balanced_accuracy: the mean of that share over the classes that have images.
    """

    accuracy: float
    loss: float
    balanced_accuracy: float

    @classmethod
    def of(cls, split: Split, found: Tensor, classes: int, loss: float) -> "Score":
        """found: the class of the highest score of each image, [N]. loss: the sum of cross-entropies."""
        matrix = confusion(split.labels, found.numpy(), classes)
        return cls(int(matrix.trace()) / len(split), loss / len(split), balanced(matrix))


def computes(module: nn.Module, shape: tuple[int, int, int], device: torch.device) -> bool:
    """Whether the module takes images [C, H, W]; with a linear layer over whole maps it takes one size only."""
    training = module.training
    module.eval()
    try:
        with torch.no_grad():
            module(torch.zeros(1, *shape, device=device))
    except RuntimeError:  # by which torch tells that shapes do not fit
        return False
    finally:
        module.train(training)
    return True


def evaluate(
    module: nn.Module,
    split: Split,
    mean: Sequence[float],
    std: Sequence[float],
    resolution: int | None = None,
    *,
    batch_size: int = BATCH_SIZE,
) -> Score:
    """Score module on its device, in eval mode and 32 bits, on images normalised by mean and std."""
    device = next(module.parameters()).device
    found, classes = torch.empty(len(split), dtype=torch.int64, device=device), 1
    loss = torch.zeros((), dtype=torch.float64, device=device)
    step = at_once(batch_size, max(split.images.shape[1], resolution or 0))
    training = module.training
    module.eval()
    with torch.inference_mode():
        for start in range(0, len(split), step):
            images = tensor(split.images[start : start + step]).to(device)
            labels = tensor(split.labels[start : start + step]).to(device)
            scores = module(normalised(images, mean, std, resolution))
            found[start : start + step] = scores.argmax(1)
            classes = scores.shape[1]
            loss += cross_entropy(scores, labels, reduction="sum")
    module.train(training)
    return Score.of(split, found.cpu(), classes, float(loss))
