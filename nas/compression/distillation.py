"""Distillation: training towards the scores of a teacher (arXiv:1503.02531)."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from nas.compression.bench import Bench
from nas.compression.model import Model
from nas.image_set.soft_labels import TEMPERATURE
from nas.training.batches import Batch, SoftTargets
from nas.training.criterion import Criterion, distilled


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

    def loss(self, scores: Tensor, batch: Batch) -> Tensor:
        own = super().loss(scores, batch)
        if self.teacher is None:
            return own
        with torch.no_grad():
            theirs = self.teacher(batch.images).float()
        return distilled(own, scores, SoftTargets(theirs, TEMPERATURE, self.share))
