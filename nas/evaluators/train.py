"""Training for a few epochs: the plain way to score a network (MnasNet, arXiv:1807.11626, trains each for five)."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel

from nas.dataset import Dataset
from nas.evaluator import PLAIN, CacheKey, Evaluator, Stop, evaluator
from nas.ops import Network
from nas.ops.cost import is_coded
from nas.registry import described
from nas.space import SearchSpace
from nas.training import Recipe
from nas.training.trial_choices import TrainDevice, TrainImages, chosen_device, drawn_images
from nas.trial import Metrics, Report

RECIPE = Recipe(epochs=2)


@evaluator("train")
class TrainEvaluator(Evaluator):
    """Trains every network by one recipe (nas.training.Recipe says what its fields mean) from weights of one seed.

    train_images: at most so many training images, drawn by the seed, with one of each class at least; None for all.
    device: auto is cuda where there is one. accuracy: what trials are scored by. A search compares its networks at
    equal epochs; a time_budget_s is a choice that favours fast-training ones.
    """

    trains = True
    stops = True
    follows_teacher = True

    def __init__(
        self,
        dataset: Dataset,
        seed: int,
        *,
        recipe: Recipe = RECIPE,
        train_images: TrainImages = None,
        device: TrainDevice = "auto",
        accuracy: Annotated[
            Literal["plain", "balanced"],
            described(
                "what trials are scored by, under the name accuracy: the share of the validation images that is right "
                "(plain), or the mean of that share over the classes (balanced)",
                "balanced where classes are uneven and the rare ones count as much",
            ),
        ] = "plain",
    ) -> None:
        super().__init__(dataset, seed)
        self.recipe = recipe
        self.epochs = recipe.epochs
        self._images = drawn_images(dataset, train_images, seed)
        self._device = device
        self._accuracy = accuracy

    @property
    def cache_key(self) -> CacheKey:
        suffix = "" if self._accuracy == PLAIN else f"+{self._accuracy}"
        soft = self._images.train.soft
        taught = f"+taught-{soft.digest}" if soft else ""
        return CacheKey(self._images.digest, f"{self.recipe.id}{suffix}{taught}")

    @property
    def device(self) -> str:
        """Where trainings run: cpu or cuda. SpecError if the spec wants a GPU that torch does not see."""
        return chosen_device(self._device)

    @classmethod
    def refusal(cls, space: SearchSpace, parameters: BaseModel) -> str | None:
        given: Any = parameters
        if given.whitened and space.has_codes:
            return (
                "whitened filters are floats, and the space decides on precisions of stages: leave whitened out, or "
                "precision and density out of the space"
            )
        return None

    @classmethod
    def full_epochs(cls, parameters: BaseModel) -> int | None:
        """None with a time budget, as trials then differ in epochs."""
        given: Any = parameters
        return None if given.time_budget_s else int(given.epochs)

    def evaluate(self, network: Network, report: Report) -> Metrics:
        """accuracy and loss on the validation images, train_seconds without scoring, and the epochs trained.

        Of a network with codes for weights they are those of its compressed file, whose size_bytes come with them.
        """
        return self._evaluated(network, report, None)

    def evaluate_until(self, network: Network, report: Report, stop: Stop) -> Metrics:
        return self._evaluated(network, report, stop)

    def _evaluated(self, network: Network, report: Report, stop: Stop | None) -> Metrics:
        if is_coded(network):
            return self._coded(network, report, stop)
        from nas.training.fit import fit  # noqa: PLC0415 - the service describes evaluators without torch
        from nas.training.initial import untrained  # noqa: PLC0415 - as above

        fitted = fit(
            untrained(network, self._images, self.recipe, self.seed),
            self._images,
            self.recipe,
            seed=self.seed,
            report=report,
            device=self.device,
            resolution=network.input.height,
            checkpoint_path=stop.checkpoint if stop else None,
            until=stop.epochs if stop else None,
            accuracy=self._accuracy,
        )
        return {
            "accuracy": fitted.accuracy,
            "loss": fitted.loss,
            "train_seconds": fitted.seconds,
            "epochs": fitted.epochs,
        }

    def _coded(self, network: Network, report: Report, stop: Stop | None) -> Metrics:
        from nas.compression.bench import Bench  # noqa: PLC0415 - the service describes evaluators without torch
        from nas.compression.coded_training import file_score, train_coded  # noqa: PLC0415 - as above

        bench = Bench(self._images, self.seed, report, stop.checkpoint if stop else None, self.device)
        model, fitted = train_coded(network, self.recipe, bench, stop.epochs if stop else None)
        file, score = file_score(model, self._images)
        return {
            "accuracy": score.accuracy if self._accuracy == PLAIN else score.balanced_accuracy,
            "loss": score.loss,
            "size_bytes": len(file),
            "train_seconds": fitted.seconds,
            "epochs": fitted.epochs,
        }
