"""Search spaces as files: those that ship with nas, and a user's own in YAML or JSON.

    name: mine
    resolution: 28                # pixels; a list makes it a decision
    width_multiplier: [0.5, 1.0]  # times all widths, rounded to multiples of 8; 1.0 if left out
    stem: {width: 16, kernel: 3, stride: 1}
    stages:
      - blocks:
          - conv                  # every parameter as the block itself searches it
          - mbconv: {expansion: [3, 6], kernel: 3, se: [0.0, 0.25]}
        layers: [0, 1, 2]         # 0 leaves the stage out
        width: [24, 32]
        stride: 2
        precision: [float32, int8, int4, ternary, binary]  # of the weights; float32 if left out
        density: [1.0, 0.25]      # share of the weights that stay, of int8, int4 and ternary ones; 1.0 if left out
        activation_bits: [32, 8]  # 1 to 8, or 32 for floats, which it is if left out
    head: 0                       # width of a last 1x1 convolution; 0 for none
    channels: 1
    classes: 10

A single value is short for a list of one. A space that ships with nas is one file in this folder.
"""

from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError

from nas.architecture import FLOATS, STAGE_OPTIONS, Architecture, Stage, Stem, check_window
from nas.block import Block, block
from nas.errors import InvalidArchitectureError, SpecError, UnknownNameError
from nas.faults import reason
from nas.mapping_file import read_mapping
from nas.ops.precisions import FLOAT32, WITH_ZERO
from nas.registry import described
from nas.space import BlockSpace, SearchSpace, StageSpace

__all__ = ["known_spaces", "load_space", "named_space", "read_architecture", "space_definition", "space_schema"]

SUFFIXES = (".yaml", ".yml", ".json")
MAX_LAYERS = 64
MAX_STAGES = 32
MAX_CHANNELS = 65536
MAX_PIXELS = 4096
MAX_STEP = 16
MAX_OPTIONS = 256

T = TypeVar("T")


def known_spaces() -> tuple[str, ...]:
    """Names of the spaces that ship with nas."""
    return tuple(sorted(f.name.removesuffix(".yaml") for f in files(__name__).iterdir() if f.name.endswith(".yaml")))


def load_space(source: str | Path | Mapping[str, Any]) -> SearchSpace:
    """The space that ships under this name, that this file describes, or that this mapping describes.

    UnknownNameError for a name or a file that is not there; SpecError names each field that is wrong.
    """
    if isinstance(source, Mapping) or str(source) in known_spaces():
        return named_space(source if isinstance(source, Mapping) else str(source))
    path = Path(source)
    if path.suffix not in SUFFIXES or not path.is_file():
        raise UnknownNameError("space, and no file ending in .yaml, .yml or .json,", str(source), known_spaces())
    return _space(read_mapping(path), f"{path}: ")


def named_space(source: str | Mapping[str, Any]) -> SearchSpace:
    """load_space for untrusted input: a name or a mapping, never the path of a file."""
    if isinstance(source, Mapping):
        return _space(source, "space.")
    return _space(space_definition(source), "")


def space_definition(name: str) -> dict[str, Any]:
    """The mapping that describes a space which ships with nas; UnknownNameError lists the known names."""
    if name not in known_spaces():
        raise UnknownNameError("space", name, known_spaces())
    data: dict[str, Any] = yaml.safe_load((files(__name__) / f"{name}.yaml").read_text("utf-8"))
    return data


def space_schema() -> dict[str, Any]:
    """JSON schema of a space as a mapping; load_space also checks the parameters of its blocks."""
    return _SpaceFile.model_json_schema()


def read_architecture(data: Mapping[str, Any]) -> Architecture:
    """The architecture in untrusted input of the form of Architecture.to_dict. SpecError names each wrong field."""
    try:
        file = _ArchitectureFile.model_validate(dict(data))
    except ValidationError as error:
        raise SpecError(reason(error, "architecture")) from None
    stages = tuple(_stage(stage, f"architecture.stages.{number}") for number, stage in enumerate(file.stages))
    return Architecture(**{**dict(file), "stem": Stem(**dict(file.stem)), "stages": stages})


def _listed(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def _some(values: tuple[T, ...]) -> tuple[T, ...]:
    if not values:
        raise PydanticCustomError("empty", "an empty list; name at least one")
    if len(values) > MAX_OPTIONS:
        raise PydanticCustomError("many", "more than {most} in one list; name fewer", {"most": MAX_OPTIONS})
    return values


def _distinct(values: tuple[T, ...]) -> tuple[T, ...]:
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
Some = Annotated[tuple[T, ...], AfterValidator(_some)]
OneOrMore = Annotated[Some[T], BeforeValidator(_listed), AfterValidator(_distinct), _OrAlone]
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


class _ArchitectureStage(BaseModel):
    """A stage of an architecture; the block's own parameters stand beside these fields."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)

    block: str
    layers: Annotated[Layers, Field(ge=1)]
    width: Channels
    stride: Step
    precision: Precision = FLOAT32
    activation_bits: ActivationBits = FLOATS
    density: Density = 1.0


class _ArchitectureFile(_Described):
    resolution: Pixels
    channels: Channels
    stem: _StemFile
    stages: Annotated[tuple[_ArchitectureStage, ...], AfterValidator(_few_stages)]
    head: Width
    classes: Channels


class _StageFile(_Described):
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


class _SpaceFile(_Described):
    name: Annotated[
        str, StringConstraints(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$"), described("what reports call the space")
    ]
    resolution: Annotated[OneOrMore[Pixels], described("sides of the input in pixels; several make it a decision")]
    width_multiplier: Annotated[
        OneOrMore[Multiplier], described("times all widths, rounded to multiples of 8", "for a range of network sizes")
    ] = (1.0,)
    stem: Annotated[_StemFile, described("the first convolution")]
    stages: Annotated[
        Some[_StageFile],
        AfterValidator(_few_stages),
        described("what follows the stem, one after the other; every list in a stage is a decision"),
    ]
    head: Annotated[Width, described("channels of a last 1x1 convolution; 0 for none")] = 0
    channels: Annotated[Channels, described("channels of the input; those of the images in a search")] = 3
    classes: Annotated[Channels, described("scores of the output; those of the images in a search")] = 1000


def _space(data: Mapping[str, Any], where: str) -> SearchSpace:
    """The space that data describes; where is the prefix of a field's name in an error."""
    try:
        file = _SpaceFile.model_validate(dict(data))
    except ValidationError as error:
        raise SpecError("\n".join(f"{where}{line}" for line in reason(error, model=_SpaceFile).splitlines())) from None
    stages = []
    for number, stage in enumerate(file.stages):
        blocks = tuple(_blocks(stage, f"{where}stages.{number}.blocks", max(file.resolution)))
        stages.append(StageSpace(blocks, {name: getattr(stage, name) for name in STAGE_OPTIONS}))
    return SearchSpace(**{**dict(file), "stem": Stem(**dict(file.stem)), "stages": tuple(stages)})


def _blocks(stage: _StageFile, where: str, resolution: int) -> Iterator[BlockSpace]:
    seen: set[str] = set()
    for number, given in enumerate(stage.blocks):
        at = f"{where}.{number}"
        if len(given) != 1:
            raise SpecError(f"{at}: names {len(given)} blocks; write each as an entry of its own")
        [(name, parameters)] = given.items()
        try:
            kind = block[name]
        except UnknownNameError as error:
            raise SpecError(f"{at}: {error}") from None
        if name in seen:
            raise SpecError(f"{at}: {name} is listed twice; join the options of its parameters in one entry")
        seen.add(name)
        searched = {key: _options(kind, key, value, f"{at}.{key}") for key, value in parameters.items()}
        try:
            check_window(max(searched.get("kernel", (0,))), resolution)
        except InvalidArchitectureError as error:
            raise SpecError(f"{at}.kernel: {error}") from None
        yield BlockSpace(kind, {**kind.options(), **searched})


def _options(kind: type[Block], parameter: str, value: Any, where: str) -> tuple[Any, ...]:
    options = tuple(_listed(value))
    # YAML and JSON write 0 for 0.0; parameters keep the type that the block declares.
    if all(isinstance(known, float) for known in kind.options().get(parameter, ())):
        options = tuple(float(option) if type(option) is int else option for option in options)
    refusal = next(filter(None, (kind.refusal(parameter, option) for option in options)), None)
    if refusal is not None:
        raise SpecError(f"{where}: {refusal}")
    try:
        return _distinct(_some(options))
    except PydanticCustomError as error:
        raise SpecError(f"{where}: {error}") from None


def _stage(given: _ArchitectureStage, where: str) -> Stage:
    try:
        kind = block[given.block]
    except UnknownNameError as error:
        raise SpecError(f"{where}.block: {error}") from None
    parameters = given.model_extra or {}
    for missing in sorted(set(kind.options()) - set(parameters)):
        raise SpecError(f"{where}.{missing}: missing")
    alone = {key: _options(kind, key, [value], f"{where}.{key}")[0] for key, value in parameters.items()}
    return Stage(kind(**alone), **{name: getattr(given, name) for name in STAGE_OPTIONS})
