"""How many trials and epochs fit into a time: arithmetic on measured seconds."""

from bisect import bisect_right
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
TRIAL_EPOCHS = 2
"""The fewest epochs of a trial, which sees fewer images instead."""
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

    Trials get what finalists leave. TooShortError says how long it takes where less than LEAST_TRIALS of the shortest
    trials and LEAST_EPOCHS of the finalists fit.
    """
    longer_s = (1 + ceil(references / time.parallel)) * largest.epoch_s(images.train, images.validation)
    least_rounds = ceil(LEAST_TRIALS / time.parallel)
    least_s = least_rounds * TRIAL_EPOCHS * typical.epoch_s(_least(images), images.validation)
    needed_s = LEAST_EPOCHS * longer_s + max(least_s, LEAST_EPOCHS * longer_s * (1 / FINALISTS_SHARE - 1))
    if time.seconds < needed_s:
        raise TooShortError(
            f"{duration(time.seconds)}, what measuring leaves for training, are too short for {LEAST_TRIALS} trials "
            f"and finalists of {LEAST_EPOCHS} epochs, which take about {duration(needed_s)}",
            needed_s,
        )
    epochs = final_epochs(images, largest, time, references=references)
    epochs = max(LEAST_EPOCHS, min(epochs, floor((time.seconds - least_s) / longer_s)))
    left_s = time.seconds - epochs * longer_s
    seen = TRIAL_SHARE * epochs * images.train
    train_images, trial_epochs = _of_trial(images, typical, seen, left_s / least_rounds)
    trial_s = trial_epochs * typical.epoch_s(train_images or images.train, images.validation)
    rounds = max(least_rounds, min(floor(left_s / trial_s), ceil(MOST_TRIALS / time.parallel)))
    return Amounts(
        min(rounds * time.parallel, MOST_TRIALS),
        trial_epochs,
        train_images,
        time.parallel if time.parallel <= 2 else 3,  # noqa: PLR2004 - as many as are trained at a time, at most three
        references,
        epochs,
        rounds * trial_s,
        epochs * longer_s,
    )


def _least(images: Counts) -> int:
    """The fewest images that a trial may train on."""
    return min(images.train, IMAGES_OF_CLASS * images.classes)


def _of_trial(images: Counts, typical: Speed, seen: float, most_s: float) -> tuple[int | None, int]:
    """The images, None for all, and the epochs of a trial that is to see so many images in all, within most_s seconds:
    fewer epochs, or fewer images, rather than too few networks.
    """

    def epoch_s(train: int) -> float:
        return typical.epoch_s(train, images.validation)

    epochs = floor(min(seen / images.train, most_s / epoch_s(images.train)))
    if epochs >= TRIAL_EPOCHS:
        return None, epochs
    least = _least(images)
    fitting = least - 1 + bisect_right(range(least, images.train + 1), most_s / TRIAL_EPOCHS, key=epoch_s)
    some = max(least, min(floor(seen / TRIAL_EPOCHS), fitting))
    return (None if some >= images.train else some), TRIAL_EPOCHS
