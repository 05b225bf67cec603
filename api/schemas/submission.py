"""Searches as requests: submitted, forked, changed; and exports of their trials."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    StrictInt,
    ValidationError,
    model_validator,
)
from pydantic.config import JsonDict
from pydantic_core import InitErrorDetails, PydanticCustomError

from api.schemas.common import Json, Labels, Received, Sent, Text
from api.schemas.compression import NewCompression
from api.schemas.search import SpaceSize
from latency_db.devices.formats import ONNX, formats
from nas.errors import UnknownNameError
from nas.faults import faults
from nas.images.model_input import ModelInput
from nas.registry import described
from nas.retargeting.fresh import CANDIDATES
from nas.spaces import known_spaces
from nas.spec import SearchSpec, others_wrong

Priority = Annotated[
    StrictInt,
    described("which searches get workers first: the higher ones", "where several searches wait", ge=-100, le=100),
]
MaxTrials = Annotated[StrictInt, Field(ge=1, le=1_000_000)]

EXAMPLE: JsonDict = {
    "name": "first",
    "dataset": "fashion_mnist_mini",
    "objective": {"name": "constrained"},
    "max_trials": 16,
}


class NewSearch(SearchSpec):
    """What `nas run` reads, as JSON, with a name, labels and a priority."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    name: Annotated[Text | None, described("what lists call the search; left out, its data set, device and space")] = (
        None
    )
    labels: Annotated[
        Labels, Field(default_factory=dict, description="your own words, as name and value, to find it by")
    ]
    priority: Priority = 0

    @model_validator(mode="wrap")
    @classmethod
    def _all_at_once(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """What is wrong inside the fields is said together with what is wrong with them, in the same words."""
        try:
            return handler(data)
        except ValidationError as error:
            found = [*faults(error, cls), *_further(error, data)]
        details = [
            InitErrorDetails(type=PydanticCustomError("spec", "{said}", {"said": said}), loc=where, input=None)
            for where, said in found
        ]
        raise ValidationError.from_exception_data(cls.__name__, details)


def _further(error: ValidationError, data: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """Faults inside fields of a spec that are otherwise right. The name of a space is not taken for a file's."""
    given = dict(data) if isinstance(data, Mapping) else {}
    space = given.get("space")
    if isinstance(space, str) and space not in known_spaces():
        yield ("space",), str(UnknownNameError("space", given.pop("space"), known_spaces()))
    for line in others_wrong(error, given):
        path, _, said = line.partition(": ")
        yield tuple(path.split(".")), said


class Fork(Received):
    """The fields to change in the spec of the parent, and the fork's own name, labels and priority."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [{"seed": 1}]})

    name: Annotated[Text | None, Field(description="by default: that of the parent, and (fork)")] = None
    labels: Labels | None = None
    priority: Priority | None = None


class Retarget(Received):
    """A fresh search for another target or device over the shared weights of a search; by default those of the search.

    candidates: how many networks are scored, up to 32 of which the search has scored before.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"target_latency_ms": 4.0, "candidates": CANDIDATES}]})

    target_latency_ms: Annotated[float, Field(ge=1e-6, le=1e6)] | None = None
    device: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    candidates: MaxTrials = CANDIDATES
    name: Annotated[Text | None, Field(description="by default: that of the parent, and (retargeted)")] = None
    labels: Labels | None = None
    priority: Priority | None = None


class SearchPatch(Received):
    """What may be changed; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "examples": [{"priority": 5}]})

    name: Text = ""
    labels: Annotated[Labels, Field(default_factory=dict)]
    max_trials: MaxTrials = 1
    priority: Priority = 0

    @model_validator(mode="after")
    def _some(self) -> "SearchPatch":
        if not self.model_fields_set:
            raise ValueError("name at least one field to change")
        return self


class Effort(Sent):
    """seconds: of the whole search where no other runs, from those that earlier searches of this service have taken;
    null as long as none of its evaluator is known. steps: the same by phase.
    """

    trials: int
    seconds: float | None = None
    steps: dict[str, float] | None = None


class Images(Sent):
    """The images as they will be: the numbers of each split, and the squares that they are cut and resized to."""

    classes: list[str]
    train: int
    validation: int
    test: int
    side: int
    channels: int


class Validated(Sent):
    """What POST /v1/searches?validate_only=true answers when the search could be created."""

    valid: Literal[True] = True
    spec: Json
    space: SpaceSize
    estimate: Effort
    images: Annotated[Images | None, Field(description="null if only loading them can tell")] = None
    notes: Annotated[
        list[str], Field(default_factory=list, description="values that the service has set, as `field: why`")
    ]
    foreseen: Annotated[
        list[str],
        Field(
            default_factory=list,
            description="what is known of its outcome: targets and limits that none of 200 random networks keeps, or "
            "all do, as far as the devices are measured; a space of fewer networks than trials",
        ),
    ]


def _known_format(name: str) -> str:
    if name not in formats():
        raise ValueError(f"there is no format {name!r}, only {', '.join(formats())}")
    return name


class NewExport(Received):
    """epochs: how long the network is trained for it; null: as long as the finalists are.

    format: onnx, or that of a runtime: tflite, pte or ncnn, whose packages must be installed where trials are trained.
    input: what the .onnx takes, as `export.input` of a spec; null: as the search's spec says.
    compression: makes the network smaller; the export then has two files, the compressed one and the .onnx that it
    unpacks to.
    """

    format: Annotated[str, AfterValidator(_known_format)] = "onnx"
    epochs: Annotated[StrictInt, Field(ge=1, le=100_000)] | None = None
    input: ModelInput | None = None
    compression: NewCompression | None = None

    @model_validator(mode="after")
    def _of_onnx(self) -> "NewExport":
        if self.input is not None and self.format != ONNX:
            raise ValueError(f"input is of {ONNX} files; the format {self.format} takes what its runtime takes")
        if self.compression is not None and self.format != ONNX:
            raise ValueError(f"a compressed network is a .naz and a .onnx file; leave out the format {self.format}")
        return self
