"""Time a short training: how long an image takes, whatever it shows."""

import time
from dataclasses import dataclass, replace

import numpy as np

from nas.dataset import Dataset, Split
from nas.ops.notation import read_network
from nas.training import Recipe
from nas.trial import Report
from workers.tasks.train import memory_errors

STEPS = 2
"""Steps of an epoch; the first of two epochs warms up."""
HELD_OUT = 16


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds that an image takes in a training of one network, and when it is scored.

    reestimated: training images, at most, that each scoring reads for the statistics of batch norms.
    """

    train_s: float
    score_s: float
    reestimated: int

    def epoch_s(self, train: int, held_out: int) -> float:
        """Seconds of an epoch of so many training images, and of the scoring on so many others after it."""
        return train * self.train_s + (min(train, self.reestimated) + held_out) * self.score_s


def time_training(notation: str, recipe: Recipe, threads: int, *, report: Report) -> Speed:  # noqa: ARG001 - a task
    """The speed of a network, in two short epochs by the recipe on images of noise."""
    import torch  # noqa: PLC0415 - the parent, which imports this module too, has no need of torch

    from nas.ops.torch_reading.module import build  # noqa: PLC0415 - as above
    from nas.training.fit import REESTIMATION_IMAGES, fit  # noqa: PLC0415 - as above

    torch.set_num_threads(threads)
    network = read_network(notation)
    count, seen = STEPS * recipe.batch_size, list[tuple[float, float]]()
    images = _noise(count, network.input.height, network.input.channels)
    with memory_errors():
        fit(
            build(network, 0),
            images,
            replace(recipe, epochs=2),
            seed=0,
            report=lambda _, metrics: seen.append((time.perf_counter(), metrics["seconds"])),
            device="cuda" if torch.cuda.is_available() else "cpu",
        )
    (first, trained_first), (second, trained) = seen
    train_s = trained - trained_first
    score_s = second - first - train_s
    return Speed(train_s / count, score_s / (count + HELD_OUT), REESTIMATION_IMAGES)


def _noise(count: int, side: int, channels: int) -> Dataset:
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, 256, (count + HELD_OUT, side, side, channels), np.uint8)
    every = Split(drawn, np.arange(count + HELD_OUT) % 2)
    train, held_out = every[np.arange(count)], every[np.arange(count, count + HELD_OUT)]
    mean, std = (0.5,) * channels, (0.3,) * channels
    return Dataset("noise", ("a", "b"), train, held_out, held_out, mean, std, flip=True)
