"""What the files of spaces and architectures look like: fields, types and limits."""

from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError

from nas.architecture import FLOATS
from nas.block import block
from nas.ops.precisions import FLOAT32, WITH_ZERO
from nas.registry import described

MAX_LAYERS = 64
MAX_STAGES = 32
MAX_CHANNELS = 65536
MAX_PIXELS = 4096
MAX_STEP = 16
MAX_OPTIONS = 256

T = TypeVar("T")


def listed(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def some(values: tuple[T, ...]) -> tuple[T, ...]:
    if not values:
        raise PydanticCustomError("empty", "an empty list; name at least one")
    if len(values) > MAX_OPTIONS:
        raise PydanticCustomError("many", "more than {most} in one list; name fewer", {"most": MAX_OPTIONS})
    return values


def distinct(values: tuple[T, ...]) -> tuple[T, ...]:
    for place, value in enumerate(values):
        if value in values[:place]:
            raise PydanticCustomError("twice", "{value} is listed twice", {"value": repr(value)})
    return values


def _has_layers(layers: tuple[int, ...]) -> tuple[int, ...]:
    if not any(layers):
        raise PydanticCustomError("no_layers", "0 alone always leaves the stage out; drop the stage instead")
    return layers


def _few_stages(stages: tuple[T, ...]) -> tuple[T, ...]:
    if len(stages) > MAX_STAGES:
        raise PydanticCustomError("stages", "more than {most} stages", {"most": MAX_STAGES})
    return stages


def _entry(value: Any) -> Any:
    """A block with its parameters, from each way to write it: `conv`, `conv:` and `conv: {...}`."""
    if isinstance(value, str):
        return {value: {}}
    return {k: {} if v is None else v for k, v in value.items()} if isinstance(value, dict) else value


class _OrAlone:
    """Adds to the schema that a list of one may be written as its item."""

    @staticmethod
    def __get_pydantic_json_schema__(core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        schema = handler(core)
        return {"anyOf": [schema["items"], schema]}


class _AnyBlock:
    """The schema of a block: its name, or its name with parameters."""

    @staticmethod
    def __get_pydantic_json_schema__(core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        alone = {"type": "object", "additionalProperties": False}
        given = ({**alone, "properties": {name: block[name].schema()}, "required": [name]} for name in block)
        return {"anyOf": [{"enum": list(block)}, *given]}


# Lengths are checked after the items, as pydantic's own limits count only valid items.
Some = Annotated[tuple[T, ...], AfterValidator(some)]
OneOrMore = Annotated[Some[T], BeforeValidator(listed), AfterValidator(distinct), _OrAlone]
Pixels = Annotated[int, Field(ge=1, le=MAX_PIXELS, strict=True)]
Channels = Annotated[int, Field(ge=1, le=MAX_CHANNELS, strict=True)]
Width = Annotated[int, Field(ge=0, le=MAX_CHANNELS, strict=True)]
Layers = Annotated[int, Field(ge=0, le=MAX_LAYERS, strict=True)]
Step = Annotated[int, Field(ge=1, le=MAX_STEP, strict=True)]
Precision = Literal["float32", "int8", "int4", "ternary", "binary"]
ActivationBits = Literal[1, 2, 3, 4, 5, 6, 7, 8, 32]
Density = Annotated[float, Field(gt=0, le=1, strict=True)]
Multiplier = Annotated[float, Field(gt=0, le=MAX_STEP, strict=True)]
Entry = Annotated[dict[str, dict[str, Any]], BeforeValidator(_entry), _AnyBlock]


class _Described(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class _StemFile(_Described):
    width: Annotated[Channels, described("channels of the first convolution")]
    kernel: Annotated[Step, described("sides of its window, in pixels")] = 3
    stride: Annotated[Step, described("its stride; 1 keeps the resolution", "1 for images of up to 64 px")] = 2


class ArchitectureStage(BaseModel):
    """A stage of an architecture; the block's own parameters stand beside these fields."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)

    block: str
    layers: Annotated[Layers, Field(ge=1)]
    width: Channels
    stride: Step
    precision: Precision = FLOAT32
    activation_bits: ActivationBits = FLOATS
    density: Density = 1.0


class ArchitectureFile(_Described):
    resolution: Pixels
    channels: Channels
    stem: _StemFile
    stages: Annotated[tuple[ArchitectureStage, ...], AfterValidator(_few_stages)]
    head: Width
    classes: Channels


class StageFile(_Described):
    blocks: Annotated[Some[Entry], described("the blocks to choose from, each with its parameters (docs/spaces.md)")]
    layers: Annotated[OneOrMore[Layers], AfterValidator(_has_layers), described("blocks in the stage; 0 leaves it out")]
    width: Annotated[OneOrMore[Channels], described("channels of its output")]
    stride: Annotated[OneOrMore[Step], described("stride of its first block; 2 halves the resolution")] = (1,)
    precision: Annotated[
        OneOrMore[Precision], described("precision of its weights", "where the size of the file counts")
    ] = (FLOAT32,)
    activation_bits: Annotated[
        OneOrMore[ActivationBits], described("bits of its activations, 32 for floats", "for networks of few bits")
    ] = (FLOATS,)
    density: Annotated[
        OneOrMore[Density], described("share of its weights that stay", "where the size of the file counts")
    ] = (1.0,)

    @model_validator(mode="after")
    def _has_code_for_pruned_weights(self) -> Self:
        if self.density != (1.0,) and not set(self.precision) & set(WITH_ZERO):
            raise PydanticCustomError(
                "density",
                "density: weights are pruned where their precision is one of {some}; add one of these to precision",
                {"some": ", ".join(WITH_ZERO)},
            )
        return self


class SpaceFile(_Described):
    name: Annotated[
        str, StringConstraints(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$"), described("what reports call the space")
    ]
    resolution: Annotated[OneOrMore[Pixels], described("sides of the input in pixels; several make it a decision")]
    width_multiplier: Annotated[
        OneOrMore[Multiplier], described("times all widths, rounded to multiples of 8", "for a range of network sizes")
    ] = (1.0,)
    stem: Annotated[_StemFile, described("the first convolution")]
    stages: Annotated[
        Some[StageFile],
        AfterValidator(_few_stages),
        described("what follows the stem, one after the other; every list in a stage is a decision"),
    ]
    head: Annotated[Width, described("channels of a last 1x1 convolution; 0 for none")] = 0
    channels: Annotated[Channels, described("channels of the input; those of the images in a search")] = 3
    classes: Annotated[Channels, described("scores of the output; those of the images in a search")] = 1000
