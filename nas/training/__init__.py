"""Training: the recipe that nas.training.fit follows. This module needs no torch."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import cos, floor, pi
from typing import Annotated, Any, Literal

from nas.registry import described

FRACTION: dict[str, Any] = {"ge": 0, "lt": 1}
EPOCHS = "raise it where networks are still improving at their last epoch; time grows in proportion"

MNASNET_WARMUP_EPOCHS = 5.0
MNASNET_DECAY = 0.97
MNASNET_DECAY_EPOCHS = 2.4
LEAST_SHARE = 1e-4
"""Of the learning rate, at the end of the exponential schedule (arXiv:1602.02830, section 2.1)."""

ADDED: Mapping[str, Any] = {
    "norm_bias_rate": 1.0,
    "lookahead": None,
    "alternating_flip": False,
    "first_resolution": 1.0,
    "crop": 1.0,
    "whitened": False,
}
"""Fields that a recipe did not always have, with the values by which it trains as it did without them. They are then
left out of its id, so that results and checkpoints of that time are still found."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that determines a training, but for the network, the images and the seed. The annotations hold for users'
    values, which nas.registry checks.

    optimizer: `sgd` with Nesterov momentum, `adamw`, `rmsprop` as in the MnasNet paper, `shift_adamax`, whose
        steps are powers of two, as in the BNN paper, or `muon`, which is sgd but for convolutions that are neither
        depthwise nor grouped: their steps are orthogonal matrices.
    schedule: `cosine` and `linear` rise over the share `warmup` of the training and then fall to 0 at its end, and
        `exponential` falls from there to a ten-thousandth, by the same factor in each epoch;
        `mnasnet` rises over 5 epochs, is then multiplied by 0.97 every 2.4 epochs, and knows neither warmup nor end.
    time_budget_s: seconds of training, scoring left out, after which it ends even if epochs are left. The schedules
        that fall to 0 then follow whichever is further on, the epochs or the clock. Such a training depends on the
        speed of the machine, and fast networks see more images: candidates are compared fairly at equal epochs.
    weight_decay: on the weights of convolutions and linear layers only; decoupled from the gradient for adamw (its
        paper's form) and muon's filters, added to the gradient otherwise.
    norm_bias_rate: 64 in arXiv:2404.00498, section 3.4.
    lookahead: as in nas.training.averaging.Lookahead, with k steps.
    ema_decay: of the moving average of the weights; None for no average. It starts lower, after n steps at
        (1 + n) / (10 + n).
    flip: mirror half of the images, where the data set allows it. alternating_flip says which half, and does nothing
        without flip. shift, cutout, crop: as in nas.training.batches.Augmentation. All are off by default, as they cost
        accuracy in trainings of 2 to 8 epochs (docs/results/recipe.md); FINALISTS has those that gain accuracy in
        longer ones.
    first_resolution: the side grows by the same number of pixels from epoch to epoch (progressive resizing, as in
        arXiv:2104.00298, section 4). Scores are at the full one.
    clip_norm: the largest norm of the gradient over all weights.
    whitened: as in nas.training.initial.whiten. A network that begins with trained weights keeps those.
    precision: `bf16` computes convolutions and linear layers in bfloat16 by autocast; weights stay in 32 bits.
    """

    epochs: Annotated[int, described("passes over the training images", EPOCHS, gt=0)] = 8
    time_budget_s: Annotated[
        float | None,
        described(
            "seconds after which a training ends, even if epochs are left; none for no limit",
            "leave it out to compare networks fairly: fast ones see more images in the same time",
            gt=0,
        ),
    ] = None
    optimizer: Annotated[
        Literal["sgd", "adamw", "rmsprop", "shift_adamax", "muon"],
        described(
            "how weights are changed: sgd has Nesterov momentum, rmsprop is MnasNet's, shift_adamax BNN's; muon takes "
            "orthogonal steps for filters and is sgd for the rest",
            "adamw for trainings of many epochs on few images, with its learning_rate and weight_decay; muon for few "
            "epochs, with those of sgd",
        ),
    ] = "sgd"
    schedule: Annotated[
        Literal["cosine", "linear", "exponential", "mnasnet"],
        described(
            "how the learning rate falls to the end; mnasnet falls by 3 % every 2.4 epochs without an end",
            "cosine for trainings of ten epochs or more; mnasnet to repeat the paper",
        ),
    ] = "linear"
    learning_rate: Annotated[
        float,
        described(
            "the highest learning rate",
            "lower it if trainings diverge; 0.1 suits sgd and muon, 0.006 adamw",
            gt=0,
            le=10,
        ),
    ] = 0.1
    warmup: Annotated[
        float,
        described(
            "share of a training in which the learning rate rises", "raise it if trainings diverge early", **FRACTION
        ),
    ] = 0.2
    momentum: Annotated[float, described("share of the last step that the next one keeps", "rarely", **FRACTION)] = 0.9
    weight_decay: Annotated[
        float,
        described(
            "how strongly weights are drawn to 0; decoupled from the gradient for adamw",
            "raise it if validation accuracy falls behind training accuracy; 0.0005 suits sgd, 0.05 adamw",
            **FRACTION,
        ),
    ] = 5e-4
    label_smoothing: Annotated[
        float,
        described(
            "share of the label that is spread over all classes",
            "0.1 in long trainings, or where labels err",
            **FRACTION,
        ),
    ] = 0.0
    ema_decay: Annotated[
        float | None,
        described(
            "decay of the moving average of the weights, which is what is scored; none for no average",
            "0.999 and more for trainings of many thousand steps",
            **FRACTION,
        ),
    ] = 0.99
    batch_size: Annotated[
        int,
        described(
            "images of one step", "lower it if memory is short or images are few; the learning rate with it", ge=2
        ),
    ] = 64
    flip: Annotated[
        bool,
        described(
            "mirror half of the images left to right, where the data set allows it",
            "on in trainings of ten epochs or more; it costs accuracy in short ones",
        ),
    ] = False
    shift: Annotated[
        float,
        described(
            "move images by up to this share of their side",
            "1/16 to 1/8 in trainings of ten epochs or more; it costs accuracy in short ones",
            **FRACTION,
        ),
    ] = 0.0
    cutout: Annotated[
        float,
        described(
            "side of a square that is painted over, as a share of the image's; 0 for none",
            "up to 0.5 in trainings of many epochs on few images",
            **FRACTION,
        ),
    ] = 0.0
    crop: Annotated[
        float,
        described(
            "random resized crops: the least share of an image's area that one keeps; 1 for whole images",
            "try 0.35 to 0.7 in long trainings on photos, with shift 0; dataset.stored keeps details for it",
            gt=0,
            le=1,
        ),
    ] = 1.0
    clip_norm: Annotated[
        float | None,
        described(
            "largest norm of the gradient over all weights; none for no limit", "1 to 10 if trainings diverge", gt=0
        ),
    ] = None
    norm_bias_rate: Annotated[
        float,
        described(
            "learning rate of the biases of batch norms, as a multiple of that of the other weights",
            "16 with sgd in trainings of few epochs on photos",
            gt=0,
            le=1000,
        ),
    ] = 1.0
    lookahead: Annotated[
        int | None,
        described(
            "steps after which weights are drawn halfway back to those before; none for never",
            "5 where accuracy jumps from epoch to epoch; it gains nothing in two epochs",
            ge=2,
        ),
    ] = None
    alternating_flip: Annotated[
        bool,
        described(
            "with flip: mirror each image in every other epoch, not at random",
            "on wherever flip is on and epochs are few",
        ),
    ] = False
    first_resolution: Annotated[
        float,
        described(
            "side of the images in the first epoch as a share of the full one, which it reaches in the last epoch; "
            "networks that take images of one size only have that throughout",
            "0.5 to 0.75 in trainings of ten epochs or more on large images; it costs accuracy in short ones",
            ge=0.25,
            le=1,
        ),
    ] = 1.0
    whitened: Annotated[
        bool,
        described(
            "the first filters are the main directions of patches of the training images, and stay as they are",
            "on in trainings of a few epochs: it gains 1 to 3 points there for no time",
        ),
    ] = False
    precision: Annotated[
        Literal["fp32", "bf16"],
        described(
            "numbers that convolutions are computed in while training",
            "bf16 on a GPU or CPU that is faster in it; exported files have 32 bits all the same",
        ),
    ] = "fp32"

    @property
    def id(self) -> str:
        """Content id: sha256 of the identity as canonical JSON, 16 hexadecimal digits."""
        canonical = json.dumps(self.identity(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]

    def identity(self) -> dict[str, Any]:
        """The fields, of those in ADDED only the ones that are in use."""
        return {name: value for name, value in asdict(self).items() if name not in ADDED or value != ADDED[name]}

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

    def side(self, resolution: int, progress: float) -> int:
        """Pixels at which an epoch is trained that begins when this share of the training is done, of the full side."""
        risen = 1.0 if self.epochs == 1 else min(1.0, progress * self.epochs / (self.epochs - 1))
        return round(resolution * (self.first_resolution + (1 - self.first_resolution) * risen))

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
