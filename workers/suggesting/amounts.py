"""How many trials and epochs fit into a time: arithmetic on measured seconds."""

from dataclasses import dataclass
from math import ceil, floor

from nas.errors import InfeasibleError
from nas.quantities import duration
from workers.tasks.time_training import Speed

FINALISTS_SHARE = 0.6
"""Of the time for trainings, what finalists and references get at most: few images need many epochs."""
RESERVE = 0.1
"""Share of the time that stays free, as no two trainings take equally long."""

LEAST_SEEN, MOST_SEEN = 60_000, 300_000
"""Images that a finalist should see, and beyond which more epochs gain little; a set that is seen less often than
LEAST_EPOCHS times is not learnt by the recipe for finalists."""
LEAST_EPOCHS, MOST_EPOCHS = 10, 200
TRIAL_SHARE = 0.1
"""Of what a finalist sees, what a trial sees."""
LEAST_TRIALS, MOST_TRIALS = 12, 200
IMAGES_OF_CLASS = 20
"""The fewest images of a class, in the mean, that a trial sees."""


class TooShortError(InfeasibleError):
    """The time is too short for any search; needed_s: for its trainings."""

    def __init__(self, message: str, needed_s: float) -> None:
        super().__init__(message)
        self.needed_s = needed_s


@dataclass(frozen=True, slots=True)
class Counts:
    """Of the images: training and validation images, and classes."""

    train: int
    validation: int
    classes: int


@dataclass(frozen=True, slots=True)
class Time:
    """seconds: for all trainings together, measuring left out. parallel: trainings at a time."""

    seconds: float
    parallel: int


@dataclass(frozen=True, slots=True)
class Amounts:
    """What a search does. train_images: that a trial sees; None for all. final_epochs: of finalists and references."""

    trials: int
    trial_epochs: int
    train_images: int | None
    finalists: int
    references: int
    final_epochs: int
    trials_s: float
    finalists_s: float


def wanted_epochs(train: int) -> int:
    """Epochs that a finalist should have on so many images, at least."""
    return min(MOST_EPOCHS // 3, max(LEAST_EPOCHS, ceil(LEAST_SEEN / train)))


def final_epochs(images: Counts, largest: Speed, time: Time, *, references: int = 0) -> int:
    """Epochs of the finalists that their share of the time is enough for; 0 if it is not enough for one."""
    rounds = 1 + ceil(references / time.parallel)
    fit = floor(FINALISTS_SHARE * time.seconds / (rounds * largest.epoch_s(images.train, images.validation)))
    return min(fit, MOST_EPOCHS, max(3 * LEAST_EPOCHS, ceil(MOST_SEEN / images.train)))


def amounts(images: Counts, typical: Speed, largest: Speed, time: Time, *, references: int = 0) -> Amounts:
    """What fits. typical: of a network that a trial trains; largest: of the largest that a finalist may be.

    Trials get what finalists leave. TooShortError says how long it takes where less than LEAST_TRIALS short trials
    and LEAST_EPOCHS of the finalists fit.
    """
    epochs = final_epochs(images, largest, time, references=references)
    longer_s = (1 + ceil(references / time.parallel)) * largest.epoch_s(images.train, images.validation)
    left_s = time.seconds - epochs * longer_s
    seen = TRIAL_SHARE * max(epochs, 1) * images.train
    train_images, trial_epochs = _of_trial(images, seen)
    trial_s = trial_epochs * typical.epoch_s(train_images or images.train, images.validation)
    if left_s * time.parallel < LEAST_TRIALS * trial_s:  # fewer images rather than too few networks
        train_images, trial_epochs = _of_trial(images, seen * left_s * time.parallel / (LEAST_TRIALS * trial_s))
        trial_s = trial_epochs * typical.epoch_s(train_images or images.train, images.validation)
    trials = floor(left_s * time.parallel / trial_s / time.parallel) * time.parallel
    if epochs < LEAST_EPOCHS or trials < LEAST_TRIALS:
        needed_s = LEAST_EPOCHS * longer_s / FINALISTS_SHARE + LEAST_TRIALS * trial_s / time.parallel
        raise TooShortError(
            f"{duration(time.seconds)} of training are too short for {LEAST_TRIALS} trials and finalists of "
            f"{LEAST_EPOCHS} epochs, which take about {duration(needed_s)}",
            needed_s,
        )
    trials = min(trials, MOST_TRIALS)
    return Amounts(
        trials,
        trial_epochs,
        train_images,
        time.parallel if time.parallel <= 2 else 3,  # noqa: PLR2004 - as many as are trained at a time, at most three
        references,
        epochs,
        ceil(trials / time.parallel) * trial_s,
        epochs * longer_s,
    )


def _of_trial(images: Counts, seen: float) -> tuple[int | None, int]:
    """The images and the epochs of a trial that is to see so many images in all."""
    if seen >= 2 * images.train:
        return None, round(seen / images.train)
    least = min(images.train, IMAGES_OF_CLASS * images.classes)
    some = max(least, round(seen / 2))
    return (None if some >= images.train else some), 2
