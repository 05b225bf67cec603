"""Distillation: training towards the scores of a teacher (arXiv:1503.02531)."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import kl_div, log_softmax

from nas.compression.bench import Bench
from nas.compression.model import Model
from nas.training.criterion import Criterion

TEMPERATURE = 4.0


class Distillation(Criterion):
    """share of the loss is the divergence from the teacher's softened scores, the rest cross-entropy.

    The teacher is the bench's, or else the model as it is now. share 0 is plain cross-entropy, and no teacher is kept.
    """

    def __init__(self, model: Model, share: float, bench: Bench, label_smoothing: float = 0.0) -> None:
        super().__init__(label_smoothing)
        self.share = share
        teacher = bench.teacher or model
        self.teacher = teacher.plain().to(bench.device).requires_grad_(requires_grad=False) if share else None
        self._named = {"teacher": bench.teacher.digest} if bench.teacher and share else {}

    def identity(self) -> Mapping[str, Any]:
        return {"distillation": self.share, **self._named}

    def loss(self, scores: Tensor, labels: Tensor, images: Tensor) -> Tensor:
        own = super().loss(scores, labels, images)
        if self.teacher is None:
            return own
        with torch.no_grad():
            target = log_softmax(self.teacher(images).float() / TEMPERATURE, 1)
        student = log_softmax(scores / TEMPERATURE, 1)
        # T^2: gradients of softened scores shrink with it (arXiv:1503.02531, section 2).
        return (1 - self.share) * own + self.share * TEMPERATURE**2 * kl_div(
            student, target, reduction="batchmean", log_target=True
        )
