"""What a proxy check is asked for beside the spec of the search."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from nas.errors import SpecError
from nas.evaluator import evaluator
from nas.proxy.candidates import FEWEST
from nas.spec import SearchSpec


class CheckOptions(BaseModel):
    """How thorough a proxy check is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    candidates: Annotated[
        int, Field(ge=FEWEST, le=100, strict=True, description="networks whose two orders are compared")
    ] = 10
    repeats: Annotated[
        int, Field(ge=2, le=20, strict=True, description="trainings of one network, with a seed each")
    ] = 3
    longer_epochs: Annotated[
        int | None,
        Field(ge=1, le=100_000, strict=True, description="epochs of the longer training; null: as for finalists"),
    ] = None

    @property
    def trainings(self) -> int:
        """How many there are, short and longer ones together."""
        return 2 * self.candidates + self.repeats - 1


@dataclass(frozen=True, slots=True)
class Budgets:
    """Epochs of a trial and of the longer training."""

    epochs: int
    longer_epochs: int


def budgets(spec: SearchSpec, options: CheckOptions) -> Budgets:
    """What a check compares. SpecError if the longer training is none."""
    epochs = int(getattr(evaluator.checked(spec.evaluator, "evaluator"), "epochs", 1))
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
