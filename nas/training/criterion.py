"""What a training minimises, and what happens between its steps."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import cross_entropy, kl_div, log_softmax

from nas.training.batches import Batch, SoftTargets


class Criterion:
    """Cross-entropy with label smoothing, and where a teacher has seen the images the divergence from what it says.
    Compressors add terms to it, and change weights between steps.
    """

    def __init__(self, label_smoothing: float = 0.0) -> None:
        self.label_smoothing = label_smoothing

    def identity(self) -> Mapping[str, Any]:
        """What beside the recipe determines the training, as JSON values: a checkpoint of another one is refused."""
        return {}

    def loss(self, scores: Tensor, batch: Batch) -> Tensor:
        """The loss of one batch: scores float32 [N, classes]."""
        own = cross_entropy(scores, batch.labels, label_smoothing=self.label_smoothing)
        return own if batch.soft is None else distilled(own, scores, batch.soft)

    def before_step(self, module: nn.Module, step: int, progress: float) -> None:
        """Called before each step, the first is 0; progress is the share of the training that is done, in [0, 1)."""

    def rate(self, rate: float, highest: float) -> float:  # noqa: ARG002 - for those that change it
        """The learning rate of the step that before_step began. rate, highest: the schedule's, now and at most."""
        return rate

    def scored(self, module: nn.Module) -> nn.Module:
        """What an epoch is scored by, of the module that is trained or of its average: by default, that itself."""
        return module

    def after_step(self, module: nn.Module) -> None:
        """Called after each step of the optimizer."""


def distilled(own: Tensor, scores: Tensor, soft: SoftTargets) -> Tensor:
    """The loss `own` of scores [N, classes], of which a share is replaced by their divergence from soft targets.

    log_probabilities of these may be scores too: only their differences count.
    """
    target = log_softmax(soft.log_probabilities / soft.temperature, 1)
    student = log_softmax(scores / soft.temperature, 1)
    # T^2: gradients of softened scores shrink with it (arXiv:1503.02531, section 2).
    return (1 - soft.weight) * own + soft.weight * soft.temperature**2 * kl_div(
        student, target, reduction="batchmean", log_target=True
    )
