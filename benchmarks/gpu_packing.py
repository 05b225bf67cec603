"""Claim: trainings of small networks packed on one GPU are at least five times as fast as one at a time.

    python benchmarks/gpu_packing.py

Images per second of all trainings together, of one network of the space `small` on fashion_mnist_mini by the trials'
recipe: one training alone; as many as --side-by-side says, each in a process of its own, as workers with a part of a
GPU (NAS_GPUS_PER_WORKER) train; and as many seeds as --seeds says as one run, which computes the gradients of all of
them by one call (torch.func.vmap). Of the epochs but the first, the median counts. It needs a GPU that torch sees, and
refuses to run without one. Results: none yet (docs/results/recipe.md).
"""

import argparse
import copy
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise, repeat
from multiprocessing import get_context
from random import Random
from statistics import median

import torch
from torch import Tensor
from torch.func import functional_call, grad, replace_all_batch_norm_modules_, vmap
from torch.nn.functional import cross_entropy

from nas.dataset import Dataset, load
from nas.ops import Network
from nas.ops.torch_reading.module import build
from nas.spaces import load_space
from nas.training import Recipe
from nas.training.averaging import Average
from nas.training.batches import Batches
from nas.training.fit import fit
from nas.training.optimizers import optimizer, set_rate

DATA = "fashion_mnist_mini"
NO_GPU = "torch sees no GPU here: run this on a machine with one, with a CUDA build of torch"


class Seeds:
    """Trainings of one network from several seeds, whose gradients are computed by one call for each step.

    Each takes the steps that nas.training.fit takes from its seed, up to rounding: it has its own batches, optimizer
    and moving average. Not for networks with dropout, which would draw other numbers, nor recipes with augmentation or
    a time budget. Shapes: S seeds, B images of a batch.
    """

    def __init__(self, network: Network, dataset: Dataset, recipe: Recipe, seeds: Sequence[int], device: str) -> None:
        self.recipe = recipe
        self.modules = [build(network, seed).to(device) for seed in seeds]
        self._template = copy.deepcopy(self.modules[0])
        replace_all_batch_norm_modules_(self._template)  # running statistics are made anew for every score
        names = [name for name, _ in self.modules[0].named_parameters()]
        self._stacked = {name: torch.stack([m.get_parameter(name).detach() for m in self.modules]) for name in names}
        for number, module in enumerate(self.modules):
            for name in names:
                module.get_parameter(name).data = self._stacked[name][number]  # so a step changes the stack
        self._optimizers = [optimizer(module, recipe) for module in self.modules]
        self._averages = [Average(module, recipe.ema_decay) for module in self.modules if recipe.ema_decay]
        self._gradients = vmap(grad(self._loss), randomness="different")
        self._batches = [
            Batches(
                dataset.train,
                dataset.mean,
                dataset.std,
                batch_size=recipe.batch_size,
                seed=seed,
                resolution=network.input.height,
                device=device,
            )
            for seed in seeds
        ]
        self._step = 0

    def train_epoch(self, number: int) -> int:
        """Train for one epoch, counted from 1; returns how many images were seen."""
        seen = 0
        for batches in zip(*(of_seed.epoch(number) for of_seed in self._batches), strict=True):
            images = torch.stack([batch.images for batch in batches])  # [S, B, C, H, H]
            labels = torch.stack([batch.labels for batch in batches])  # [S, B]
            found = self._gradients(self._stacked, images, labels)
            rate = self.recipe.rate((self._step + 0.5) / len(self._batches[0]))
            self._step += 1
            for place, (module, made) in enumerate(zip(self.modules, self._optimizers, strict=True)):
                for name, parameter in module.named_parameters():
                    parameter.grad = found[name][place]
                set_rate(made, rate)
                made.step()
            for average in self._averages:
                average.update(self._step)
            seen += labels.numel()
        return seen

    def _loss(self, parameters: dict[str, Tensor], images: Tensor, labels: Tensor) -> Tensor:
        """Of one seed: images [B, C, H, H]."""
        scores = functional_call(self._template, parameters, (images,))
        return cross_entropy(scores, labels, label_smoothing=self.recipe.label_smoothing)


def network() -> Network:
    """One of the space small, for the images of DATA."""
    return load_space("small").for_images(1, 28, 10).sample(Random(0)).architecture.expand()


def alone(seed: int, epochs: int) -> float:
    """Images per second of a training in this process."""
    dataset, recipe, seconds = load(DATA, 0), Recipe(epochs=epochs + 1), list[float]()
    module = build(network(), seed)
    fit(module, dataset, recipe, seed=seed, report=lambda _, m: seconds.append(m["seconds"]), device="cuda")
    return len(dataset.train) / median(after - before for before, after in pairwise(seconds))


def side_by_side(count: int, epochs: int) -> float:
    """Images per second of so many processes together."""
    with ProcessPoolExecutor(count, get_context("spawn")) as pool:
        return sum(pool.map(alone, range(count), repeat(epochs)))


def seeds_of_one(count: int, epochs: int) -> float:
    """Images per second of so many seeds as one run."""
    run = Seeds(network(), load(DATA, 0), Recipe(epochs=epochs + 1), range(count), "cuda")
    speeds = []
    for number in range(1, epochs + 2):
        torch.cuda.synchronize()
        started = time.perf_counter()
        seen = run.train_epoch(number)
        torch.cuda.synchronize()
        speeds.append(seen / (time.perf_counter() - started))
    return median(speeds[1:])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--side-by-side", type=int, nargs="*", default=[2, 4, 8])
    parser.add_argument("--seeds", type=int, nargs="*", default=[4, 8, 16])
    parser.add_argument("--epochs", type=int, default=5)
    given = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit(NO_GPU)
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {given.epochs} epochs")
    one = alone(0, given.epochs)
    print(f"one at a time: {one:.0f} images a second")
    ways: list[tuple[str, Callable[[int, int], float], list[int]]] = [
        ("processes side by side", side_by_side, given.side_by_side),
        ("seeds as one run", seeds_of_one, given.seeds),
    ]
    for words, way, counts in ways:
        for count in counts:
            found = way(count, given.epochs)
            print(f"{count} {words}: {found:.0f} images a second, {found / one:.1f} times one at a time", flush=True)


if __name__ == "__main__":
    main()
