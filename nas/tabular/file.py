"""The format of problem files, `nas-search-problem/1`: what docs/tabular.md says, as fields that are checked."""

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from nas.errors import SpecError
from nas.faults import reason
from nas.mapping_file import read_mapping

REMEDY = "docs/tabular.md describes the format"

Name = Annotated[str, Field(min_length=1)]
Positive = Annotated[float, Field(gt=0)]


class Part(BaseModel):
    """Keys that are not known are left to people and to later versions."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


class Condition(Part):
    """A decision matters where another one's option has at least this index."""

    decision: Name
    min_option: Annotated[int, Field(ge=0)]


class DecisionEntry(Part):
    name: Name
    options: Annotated[tuple[Any, ...], Field(min_length=1)]
    active_if: Condition | None = None

    @property
    def size(self) -> int:
        return len(self.options)


class TableEntry(Part):
    file: Name
    rows: Annotated[int, Field(gt=0)]
    decision_columns: tuple[Name, ...]


class SurrogateEntry(Part):
    file: Name
    inputs: Annotated[int, Field(gt=0)]
    encoding: Annotated[tuple[tuple[Name, ...], ...], Field(min_length=1)]


class Scale(Part):
    scale: float
    offset: float


class Function(Part):
    function: Literal["exp", "log"]


class Source(Part):
    """Where a number of each network comes from; features have names, accuracy and latency need none."""

    name: str = ""


class Column(Source):
    model: Literal["column"]
    column: Name


class Linear(Source):
    model: Literal["linear"]
    arrays: Name
    steps: tuple[Scale | Function, ...]


class Networks(Source):
    model: Literal["network"]
    arrays: Name
    members: Annotated[int, Field(gt=0)]
    steps: tuple[Scale | Function, ...]


Computed = Annotated[Linear | Networks, Field(discriminator="model")]


class Gaussian(Part):
    kind: Literal["gaussian"]
    standard_deviation: Annotated[float, Field(ge=0)]


class Observed(Part):
    kind: Literal["column"]
    column: Name


class Reference(Part):
    accuracy: float
    latency: Positive


class Target(Part):
    latency: Positive
    best_accuracy: float


class Shared(Part):
    """What both kinds have; accuracies and the standard deviation are in percent, latencies in ms."""

    format: Literal["nas-search-problem/1"]
    name: Name
    decisions: Annotated[tuple[DecisionEntry, ...], Field(min_length=1)]
    features: tuple[Source, ...] = ()
    reference_point: Reference
    front_hypervolume: Positive
    targets: dict[str, Target]

    @model_validator(mode="after")
    def _have_names(self) -> Self:
        decisions = [decision.name for decision in self.decisions]
        if len(set(decisions)) < len(decisions):
            raise ValueError("decisions: two have the same name")
        columns = ["accuracy", "latency_ms", *(feature.name for feature in self.features)]
        if len(set(columns)) < len(columns) or not all(columns):
            raise ValueError("features: each needs a name of its own, other than accuracy and latency_ms")
        return self


class TableProblem(Shared):
    kind: Literal["table"]
    table: TableEntry
    accuracy: Column
    latency: Column
    features: tuple[Column, ...] = ()
    observation: Annotated[Gaussian | Observed, Field(discriminator="kind")]

    @property
    def data(self) -> str:
        return self.table.file


class SurrogateProblem(Shared):
    kind: Literal["surrogate"]
    surrogate: SurrogateEntry
    accuracy: Computed
    latency: Computed
    features: tuple[Computed, ...] = ()
    observation: Gaussian

    @property
    def data(self) -> str:
        return self.surrogate.file


_File: TypeAdapter[TableProblem | SurrogateProblem] = TypeAdapter(
    Annotated[TableProblem | SurrogateProblem, Field(discriminator="kind")]
)


def read_file(path: Path) -> tuple[TableProblem | SurrogateProblem, Path, str]:
    """The problem in a file, the path of its data, and the digest of both.

    SpecError names the file and each key that is missing or wrong.
    """
    try:
        problem = _File.validate_python(read_mapping(path))
    except ValidationError as error:
        raise SpecError(f"{path}: {reason(error)}; {REMEDY}") from None
    data = path.parent / problem.data
    if data.parent != path.parent:
        raise SpecError(f"{path}: {problem.kind}.file: {problem.data!r} is not the name of a file in the same folder")
    digest = hashlib.sha256(path.read_bytes())
    try:
        digest.update(data.read_bytes())
    except OSError as error:
        raise SpecError(
            f"{path}: {problem.kind}.file: {problem.data} cannot be read: {error.strerror}; put it into the same folder"
        ) from None
    return problem, data, digest.hexdigest()
