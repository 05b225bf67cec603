"""What identifies a training, so that none is done twice."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from nas.dataset import Dataset
from nas.evaluator import evaluator
from nas.evaluators.train import TrainEvaluator
from nas.jobs.records import TrainingKey
from nas.spec import SearchSpec
from nas.training import Recipe


@dataclass(frozen=True, slots=True)
class TrainingKeys:
    """The keys of a search's trainings; None where its evaluator does more than train by a recipe.

    A trial's and a finalist's differ even where both train alike: a trial has a score, and a finalist a file.
    """

    trial: Callable[[str], TrainingKey | None]
    finalist: Callable[[str], TrainingKey | None]


def training_keys(spec: SearchSpec, images: Dataset) -> TrainingKeys:
    judge = evaluator.make(spec.evaluator, images, spec.seed)
    if not isinstance(judge, TrainEvaluator):
        return TrainingKeys(lambda _: None, lambda _: None)
    longer = replace(judge.recipe, epochs=spec.finalists.epochs, time_budget_s=None)

    def key(network_id: str, digest: str, recipe_id: str, recipe: Recipe) -> TrainingKey:
        return TrainingKey(network_id, digest, recipe_id, spec.seed, recipe.epochs)

    return TrainingKeys(
        lambda network_id: key(network_id, judge.data_digest, judge.recipe.id, judge.recipe),
        lambda network_id: key(network_id, images.digest, f"{longer.id}+file", longer),
    )


def notation_id(notation: str) -> str:
    """Content id of a network that is no architecture of a space; 16 hexadecimal digits."""
    return hashlib.sha256(notation.encode()).hexdigest()[:16]
