"""The two trainings that a proxy check compares."""

from dataclasses import dataclass

from nas.errors import SpecError
from nas.evaluator import RANDOM, evaluator, start_of
from nas.proxy.options import CheckOptions
from nas.spec import SearchSpec


@dataclass(frozen=True, slots=True)
class Budgets:
    """Epochs of a trial, 0 if it is scored without a training of its own, and of the longer training."""

    epochs: int
    longer_epochs: int


def budgets(spec: SearchSpec, options: CheckOptions) -> Budgets:
    """What a check compares. SpecError if the longer training is none."""
    given = evaluator.checked(spec.evaluator, "evaluator")
    if start_of(spec.evaluator) != RANDOM:
        raise SpecError(
            f"evaluator.start: a check of a proxy has no earlier searches; write {RANDOM} for the check, or let the "
            "search itself check its shared weights, by evaluator.check"
        )
    epochs = int(getattr(given, "epochs", 1)) if evaluator[spec.evaluator["name"]].trains else 0
    longer = options.longer_epochs or spec.finalists.epochs
    if longer <= epochs:
        where = "longer_epochs" if options.longer_epochs else "finalists.epochs"
        raise SpecError(
            f"{where}: trials train for {epochs} epochs, so {longer} are no longer training to compare with; set "
            f"longer_epochs to {epochs + 1} or more"
        )
    return Budgets(epochs, longer)


def with_longer(spec: SearchSpec, longer_epochs: int) -> SearchSpec:
    """The spec whose finalists train for so many epochs."""
    return spec.model_copy(update={"finalists": spec.finalists.model_copy(update={"epochs": longer_epochs})})
