"""Training: the recipe that nas.training.fit follows. This module needs no torch."""

import hashlib
import json
from dataclasses import asdict, dataclass
from math import cos, floor, pi
from typing import Annotated, Literal

from pydantic import Field

Fraction = Annotated[float, Field(ge=0, lt=1)]

MNASNET_WARMUP_EPOCHS = 5.0
MNASNET_DECAY = 0.97
MNASNET_DECAY_EPOCHS = 2.4
LEAST_SHARE = 1e-4
"""Of the learning rate, at the end of the exponential schedule (arXiv:1602.02830, section 2.1)."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that determines a training, but for the network, the images and the seed. The annotations hold for users'
    values, which nas.registry checks.

    optimizer: `sgd` with Nesterov momentum, `adamw`, `rmsprop` as in the MnasNet paper, or `shift_adamax`, whose
        steps are powers of two, as in the BNN paper.
    schedule: `cosine` and `linear` rise over the share `warmup` of the training and then fall to 0 at its end, and
        `exponential` falls from there to a ten-thousandth, by the same factor in each epoch;
        `mnasnet` rises over 5 epochs, is then multiplied by 0.97 every 2.4 epochs, and knows neither warmup nor end.
    time_budget_s: seconds of training, scoring left out, after which it ends even if epochs are left. The schedules
        that fall to 0 then follow whichever is further on, the epochs or the clock. Such a training depends on the
        speed of the machine, and fast networks see more images: candidates are compared fairly at equal epochs.
    weight_decay: on the weights of convolutions and linear layers only; decoupled from the gradient for adamw (its
        paper's form), added to the gradient otherwise.
    ema_decay: of the moving average of the weights; None for no average. It starts lower, after n steps at
        (1 + n) / (10 + n).
    flip: mirror half of the images, where the data set allows it. shift, cutout: as in
        nas.training.batches.Augmentation. All are off by default, as they cost accuracy in trainings of 2 to 8 epochs
        (docs/results/recipe.md); FINALISTS has those that gain accuracy in longer ones.
    clip_norm: the largest norm of the gradient over all weights.
    precision: `bf16` computes convolutions and linear layers in bfloat16 by autocast; weights stay in 32 bits.
    """

    epochs: Annotated[int, Field(gt=0)] = 8
    time_budget_s: Annotated[float, Field(gt=0)] | None = None
    optimizer: Literal["sgd", "adamw", "rmsprop", "shift_adamax"] = "sgd"
    schedule: Literal["cosine", "linear", "exponential", "mnasnet"] = "linear"
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 0.1
    warmup: Fraction = 0.2
    momentum: Fraction = 0.9
    weight_decay: Fraction = 5e-4
    label_smoothing: Fraction = 0.0
    ema_decay: Fraction | None = 0.99
    batch_size: Annotated[int, Field(ge=2)] = 64
    flip: bool = False
    shift: Fraction = 0.0
    cutout: Fraction = 0.0
    clip_norm: Annotated[float, Field(gt=0)] | None = None
    precision: Literal["fp32", "bf16"] = "fp32"

    @property
    def id(self) -> str:
        """Content id: sha256 of the fields as canonical JSON, 16 hexadecimal digits."""
        canonical = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]

    @property
    def anneals(self) -> bool:
        """Whether the schedule ends at a rate of 0, or nearly so."""
        return self.schedule != "mnasnet"

    def rate(self, epoch: float, seconds: float = 0.0) -> float:
        """Learning rate after so many epochs (fractions count) and seconds of training."""
        if self.schedule == "mnasnet":
            return self.learning_rate * _mnasnet(epoch)
        done = self.progress(epoch, seconds)
        if done < self.warmup:
            return self.learning_rate * done / self.warmup
        fall = (done - self.warmup) / (1 - self.warmup)
        if self.schedule == "exponential":
            return self.learning_rate * float(LEAST_SHARE**fall)
        return self.learning_rate * ((1 + cos(pi * fall)) / 2 if self.schedule == "cosine" else 1 - fall)

    def progress(self, epoch: float, seconds: float) -> float:
        """Share of the training that is done, in [0, 1]."""
        return min(1.0, max(epoch / self.epochs, seconds / self.time_budget_s if self.time_budget_s else 0.0))


FINALISTS = Recipe(
    epochs=10,
    optimizer="adamw",
    schedule="cosine",
    learning_rate=6e-3,
    weight_decay=0.05,
    label_smoothing=0.1,
    flip=True,
    shift=1 / 16,
)
"""What finalists and reference networks are trained by: for longer than the trials, and often on few images
(docs/results/finalist_recipe.md)."""


def _mnasnet(epoch: float) -> float:
    if epoch < MNASNET_WARMUP_EPOCHS:
        return epoch / MNASNET_WARMUP_EPOCHS
    return MNASNET_DECAY ** floor((epoch - MNASNET_WARMUP_EPOCHS) / MNASNET_DECAY_EPOCHS)
