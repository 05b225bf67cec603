"""Training for a few epochs: the plain way to score a network (MnasNet, arXiv:1807.11626, trains each for five)."""

from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from nas.dataset import Dataset
from nas.errors import SpecError
from nas.evaluator import Evaluator, Report, evaluator
from nas.ops import Network
from nas.training import Count, Optimizer, Precision, Rate, Recipe, Schedule, Seconds, Share
from nas.trial import Metrics

DEFAULT = Recipe()


@evaluator("train")
class TrainEvaluator(Evaluator):
    """Trains every network by one recipe (nas.training.Recipe says what its fields mean) from weights of one seed.

    train_images: at most so many training images, drawn by the seed; None for all. device: auto is cuda where there is
    one. A search compares its networks at equal epochs; a time_budget_s is a choice that favours fast-training ones.
    """

    def __init__(
        self,
        dataset: Dataset,
        seed: int,
        *,
        epochs: Count = 2,
        time_budget_s: Seconds | None = DEFAULT.time_budget_s,
        optimizer: Optimizer = DEFAULT.optimizer,
        schedule: Schedule = DEFAULT.schedule,
        learning_rate: Rate = DEFAULT.learning_rate,
        warmup: Share = DEFAULT.warmup,
        momentum: Share = DEFAULT.momentum,
        weight_decay: Share = DEFAULT.weight_decay,
        label_smoothing: Share = DEFAULT.label_smoothing,
        ema_decay: Share | None = DEFAULT.ema_decay,
        batch_size: Annotated[int, Field(ge=2)] = DEFAULT.batch_size,
        flip: bool = DEFAULT.flip,
        shift: Share = DEFAULT.shift,
        cutout: Share = DEFAULT.cutout,
        clip_norm: Annotated[float, Field(gt=0)] | None = DEFAULT.clip_norm,
        precision: Precision = DEFAULT.precision,
        train_images: Annotated[int, Field(ge=2)] | None = None,
        device: Literal["auto", "cpu", "cuda"] = "auto",
    ) -> None:
        super().__init__(dataset, seed)
        self.recipe = Recipe(
            epochs=epochs,
            time_budget_s=time_budget_s,
            optimizer=optimizer,
            schedule=schedule,
            learning_rate=learning_rate,
            warmup=warmup,
            momentum=momentum,
            weight_decay=weight_decay,
            label_smoothing=label_smoothing,
            ema_decay=ema_decay,
            batch_size=batch_size,
            flip=flip,
            shift=shift,
            cutout=cutout,
            clip_norm=clip_norm,
            precision=precision,
        )
        self._images = _subset(dataset, train_images, seed)
        self._device = device

    @property
    def recipe_id(self) -> str:
        """Content id of the recipe: with the network, data_digest and seed it identifies a training."""
        return self.recipe.id

    @property
    def data_digest(self) -> str:
        """Content id of the images that evaluate trains and scores on."""
        return self._images.digest

    @property
    def device(self) -> str:
        """Where trainings run: cpu or cuda. SpecError if the spec wants a GPU that torch does not see."""
        import torch  # noqa: PLC0415 - whoever only describes the parameters has no need of torch

        present = torch.cuda.is_available()
        if self._device == "cuda" and not present:
            raise SpecError(
                "evaluator.device: torch sees no GPU here; use auto or cpu, or install a CUDA build of torch"
            )
        return "cuda" if present and self._device != "cpu" else "cpu"

    def evaluate(self, network: Network, report: Report) -> Metrics:
        """accuracy and loss on the validation images, train_seconds without scoring, and the epochs trained."""
        from nas.ops.torch_module import build  # noqa: PLC0415 - as in device
        from nas.training.fit import fit  # noqa: PLC0415 - as in device

        fitted = fit(
            build(network, self.seed),
            self._images,
            self.recipe,
            seed=self.seed,
            report=report,
            device=self.device,
            resolution=network.input.height,
        )
        return {
            "accuracy": fitted.accuracy,
            "loss": fitted.loss,
            "train_seconds": fitted.seconds,
            "epochs": fitted.epochs,
        }


def _subset(dataset: Dataset, train_images: int | None, seed: int) -> Dataset:
    if train_images is None or train_images >= len(dataset.train):
        return dataset
    drawn = np.random.default_rng((seed, train_images)).permutation(len(dataset.train))[:train_images]
    return replace(dataset, train=dataset.train[np.sort(drawn)])
