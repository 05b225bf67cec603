"""The training loop: one module, one data set, one recipe, one seed."""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from itertools import islice
from math import isfinite
from pathlib import Path
from random import Random
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from nas.dataset import Dataset
from nas.errors import DivergedError
from nas.training import Recipe, checkpoint
from nas.training.averaging import Average, Lookahead, reestimate
from nas.training.batches import Augmentation, Batch, Batches
from nas.training.criterion import Criterion
from nas.training.optimizers import optimizer, set_rate
from nas.training.score import Score, computes, evaluate
from nas.trial import Report

REESTIMATION_IMAGES = 2000
"""Number of training images on which batch-norm statistics are re-estimated."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """The result of a training. epochs may have a fraction if the time budget ended it; seconds exclude scoring.

    stopped: what ended it; `until` if it may go on.
    """

    accuracy: float
    loss: float
    epochs: float
    seconds: float
    stopped: Literal["epochs", "time budget", "until"]


def fit(
    module: nn.Module,
    dataset: Dataset,
    recipe: Recipe,
    *,
    seed: int,
    report: Report,
    device: str = "cpu",
    resolution: int | None = None,
    checkpoint_path: Path | None = None,
    until: int | None = None,
    score_on: Literal["validation", "test"] = "validation",
    accuracy: Literal["plain", "balanced"] = "plain",
    criterion: Criterion | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Fitted:
    """Train module in place on dataset.train, at resolution pixels (None: as they are), and move it to device.

    criterion: what is minimised; None for cross-entropy with the recipe's label smoothing. Where dataset.train has soft
    labels, they are followed.

    After each epoch report(epoch, {accuracy, loss, train_loss, seconds}) is called; an error that it raises ends the
    training. accuracy and loss are of the split score_on; balanced, accuracy is the mean over the classes. Until the
    rate is annealed to 0 they are of the moving average of the weights, as the weights themselves vary with the rate;
    then they are of the weights themselves. The
    `mnasnet` schedule never anneals, so the average is its result. Without an ema_decay every score is of the weights
    themselves. The module ends in eval mode with the weights last scored.
    Batch-norm statistics are re-estimated on 2000 training images for every score, so their momentum has no effect.

    With a checkpoint_path the state is kept after each epoch, and a later call with equal arguments goes on from it:
    its last epoch is reported again, and then, on a CPU with as many threads, the weights are bit for bit those of an
    uninterrupted training. Dropout draws from torch's global generator, which is seeded by (seed, epoch) and restored
    after each epoch; so train one module at a time in a process. No other global generator is used.

    until: the training stops after so many epochs, scored as after any, and a later call goes on from its checkpoint.
    The rate follows the schedule over all epochs of the recipe. Epochs that were reported before it stopped are not
    reported again, but for one that is the last here too.

    DivergedError names the epoch and step where the loss was not a finite number; CheckpointError a checkpoint that is
    damaged, of another training, or cannot be written.
    """
    side = resolution or dataset.side
    training = _Training(
        module,
        dataset,
        recipe,
        seed,
        device=torch.device(device),
        resolution=side,
        criterion=criterion or Criterion(recipe.label_smoothing),
        clock=clock,
    )
    identity = _identity(training) if checkpoint_path else {}
    if checkpoint_path and (state := checkpoint.load(checkpoint_path, identity, device)):
        training.restore(state)
    goes_on = until is not None and training.epoch < until and not training.over
    while True:
        if training.epoch and not goes_on:
            score = training.score(score_on)
            if accuracy == "balanced":
                score = replace(score, accuracy=score.balanced_accuracy)
            report(training.epoch, training.metrics(score))
            if training.over or training.epoch == until:
                return training.fitted(score)
        goes_on = False
        training.train_epoch()
        if checkpoint_path:
            checkpoint.save(checkpoint_path, identity, training.state())


def _identity(training: "_Training") -> dict[str, Any]:
    soft = training.dataset.train.soft
    return {
        "network": hashlib.sha256(repr(training.module).encode()).hexdigest()[:16],
        "data": training.dataset.digest,
        "resolution": training.resolution,
        "seed": training.seed,
        **training.recipe.identity(),
        **training.criterion.identity(),
        **({"soft_labels": soft.digest} if soft else {}),
    }


class _Training:
    """A training in progress, with all of its state between two epochs."""

    def __init__(
        self,
        module: nn.Module,
        dataset: Dataset,
        recipe: Recipe,
        seed: int,
        *,
        device: torch.device,
        resolution: int,
        criterion: Criterion,
        clock: Callable[[], float],
    ) -> None:
        self.module = module.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in stubs
        self.dataset, self.recipe, self.seed, self.device, self.clock = dataset, recipe, seed, device, clock
        self.resolution, self.criterion = resolution, criterion
        self.average = Average(module, recipe.ema_decay) if recipe.ema_decay else None
        self.lookahead = Lookahead(module, recipe.lookahead) if recipe.lookahead else None
        self.optimizer = optimizer(module, recipe)
        self.batches = Batches(
            dataset.train,
            dataset.mean,
            dataset.std,
            batch_size=recipe.batch_size,
            seed=seed,
            resolution=self.resolution,
            device=device,
            augmentation=Augmentation(
                recipe.flip and dataset.flip, recipe.shift, recipe.cutout, recipe.alternating_flip, recipe.crop
            ),
        )
        smallest = recipe.side(resolution, 0.0)
        self.grows = smallest < resolution and computes(module, (dataset.channels, smallest, smallest), device)
        self.epoch = self.step = 0
        self.seconds = self.train_loss = 0.0

    @property
    def progress(self) -> float:
        return self.recipe.progress(self.step / len(self.batches), self.seconds)

    @property
    def over(self) -> bool:
        return self.progress >= 1

    def train_epoch(self) -> None:
        """Train for one epoch, or until the time budget is spent. DivergedError if a loss was not a finite number."""
        side = self.recipe.side(self.resolution, self.progress) if self.grows else self.resolution
        self.epoch += 1
        self.module.train()
        losses = torch.zeros(len(self.batches), device=self.device)
        started, before = self.clock(), self.seconds
        with _dropout_seed(self.seed, self.epoch, self.device), _fast_convolutions(self.device):
            for number, batch in enumerate(self.batches.epoch(self.epoch, side)):
                losses[number] = self._train_step(batch)
                self.seconds = before + self.clock() - started
                if self.over:
                    break
        # Read once an epoch: reading each loss would make the CPU wait for the GPU at every step.
        found = losses[: number + 1].tolist()
        self.seconds = before + self.clock() - started
        broken = [step for step, loss in enumerate(found, 1) if not isfinite(loss)]
        if broken:
            raise DivergedError(
                f"the loss became {found[broken[0] - 1]} in epoch {self.epoch}, step {broken[0]}; lower learning_rate "
                f"({self.recipe.learning_rate:g}), lengthen warmup or set clip_norm"
            )
        self.train_loss = sum(found) / len(found)

    def _train_step(self, batch: Batch) -> Tensor:
        middle = (self.step + 0.5) / len(self.batches)  # at its start, the rate of the first step would be 0
        self.criterion.before_step(self.module, self.step, self.progress)
        rate = self.recipe.rate(middle, self.seconds)
        set_rate(self.optimizer, self.criterion.rate(rate, self.recipe.learning_rate))
        with self._autocast():
            loss = self.criterion.loss(self.module(batch.images).float(), batch)
        loss.backward()  # type: ignore[no-untyped-call]  # untyped in torch
        if self.recipe.clip_norm:
            clip_grad_norm_(self.module.parameters(), self.recipe.clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.step += 1
        if self.lookahead:
            self.lookahead.update(self.step)
        self.criterion.after_step(self.module)
        if self.average:
            self.average.update(self.step)
        return loss.detach()

    def _autocast(self) -> AbstractContextManager[Any]:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.precision == "bf16")

    def score(self, part: Literal["validation", "test"]) -> Score:
        """Score on a split by the rule that fit states. Training goes on as if nothing had been scored."""
        scored = self.module
        if self.average and self.over and not self.recipe.anneals:
            self.module.load_state_dict(self.average.module.state_dict())
        elif self.average and not self.over:
            scored = self.average.module
        scored = self.criterion.scored(scored)
        count = -(-REESTIMATION_IMAGES // self.recipe.batch_size)
        reestimate(scored, (batch.images for batch in islice(self.batches.epoch(0), count)))
        split = self.dataset.test if part == "test" else self.dataset.validation
        score = evaluate(scored, split, self.dataset.mean, self.dataset.std, self.resolution)
        if not isfinite(score.loss):
            raise DivergedError(f"the {part} loss after epoch {self.epoch} is {score.loss}; lower learning_rate")
        return score

    def metrics(self, score: Score) -> dict[str, float]:
        return {"accuracy": score.accuracy, "loss": score.loss, "train_loss": self.train_loss, "seconds": self.seconds}

    def fitted(self, score: Score) -> Fitted:
        epochs = self.step / len(self.batches)
        ended: Literal["epochs", "time budget"] = "epochs" if epochs >= self.recipe.epochs else "time budget"
        return Fitted(score.accuracy, score.loss, epochs, self.seconds, ended if self.over else "until")

    def state(self) -> dict[str, Any]:
        return {
            "epoch": self.epoch,
            "step": self.step,
            "seconds": self.seconds,
            "train_loss": self.train_loss,
            "module": self.module.state_dict(),
            "average": self.average.module.state_dict() if self.average else None,
            "lookahead": self.lookahead.slow if self.lookahead else None,
            "optimizer": self.optimizer.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.epoch, self.step = state["epoch"], state["step"]
        self.seconds, self.train_loss = state["seconds"], state["train_loss"]
        self.module.load_state_dict(state["module"])
        if self.average:
            self.average.module.load_state_dict(state["average"])
        if self.lookahead:
            self.lookahead.restore(state["lookahead"])
        self.optimizer.load_state_dict(state["optimizer"])


@contextmanager
def _dropout_seed(seed: int, epoch: int, device: torch.device) -> Iterator[None]:
    """Seed the global generator, which dropout draws from, and restore it on exit."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(Random(f"{seed} {epoch}").getrandbits(63))
        yield


def _fast_convolutions(device: torch.device) -> AbstractContextManager[Any]:
    """Let cuDNN time its kernels and take the fastest."""
    if device.type != "cuda":
        return nullcontext()
    return torch.backends.cudnn.flags(enabled=True, benchmark=True, deterministic=False, allow_tf32=True)
