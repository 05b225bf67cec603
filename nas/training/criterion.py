"""What a training minimises, and what happens between its steps."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import cross_entropy


class Criterion:
    """Cross-entropy with label smoothing. Compressors add terms to it, and change weights between steps."""

    def __init__(self, label_smoothing: float = 0.0) -> None:
        self.label_smoothing = label_smoothing

    def identity(self) -> Mapping[str, Any]:
        """What beside the recipe determines the training, as JSON values: a checkpoint of another one is refused."""
        return {}

    def loss(self, scores: Tensor, labels: Tensor, images: Tensor) -> Tensor:  # noqa: ARG002 - a teacher scores them
        """The loss of one batch: scores float32 [N, classes], labels [N], images [N, C, H, W]."""
        return cross_entropy(scores, labels, label_smoothing=self.label_smoothing)

    def before_step(self, module: nn.Module, step: int, progress: float) -> None:
        """Called before each step, the first is 0; progress is the share of the training that is done, in [0, 1)."""

    def after_step(self, module: nn.Module) -> None:
        """Called after each step of the optimizer."""
