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

A single value is short for a list of one. A space that ships with nas is one file in this folder; a mapping with its
name and without stages is that space with other values of the fields that it gives: {name: photos, resolution: 96}.
"""

from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from nas.architecture import STAGE_OPTIONS, Architecture, Stage, Stem, check_window
from nas.block import Block, block
from nas.errors import InvalidArchitectureError, SpecError, UnknownNameError
from nas.faults import reason
from nas.mapping_file import read_mapping
from nas.space import BlockSpace, SearchSpace, StageSpace
from nas.spaces.space_file import ArchitectureFile, ArchitectureStage, SpaceFile, StageFile, distinct, listed, some

__all__ = [
    "changed_space_schema",
    "known_spaces",
    "load_space",
    "named_space",
    "read_architecture",
    "space_definition",
    "space_schema",
]

SUFFIXES = (".yaml", ".yml", ".json")


def known_spaces() -> tuple[str, ...]:
    """Names of the spaces that ship with nas."""
    return tuple(sorted(f.name.removesuffix(".yaml") for f in files(__name__).iterdir() if f.name.endswith(".yaml")))


def load_space(source: str | Path | Mapping[str, Any]) -> SearchSpace:
    """The space that ships under this name, that this file describes, or that this mapping describes or changes.

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
        return _space(_completed(source), "space.")
    return _space(space_definition(source), "")


def _completed(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """A mapping that changes a space which ships with nas, with what it leaves out."""
    if data.get("name") in known_spaces() and "stages" not in data:
        return {**space_definition(data["name"]), **data}
    return data


def space_definition(name: str) -> dict[str, Any]:
    """The mapping that describes a space which ships with nas; UnknownNameError lists the known names."""
    if name not in known_spaces():
        raise UnknownNameError("space", name, known_spaces())
    data: dict[str, Any] = yaml.safe_load((files(__name__) / f"{name}.yaml").read_text("utf-8"))
    return data


def space_schema() -> dict[str, Any]:
    """JSON schema of a space as a mapping; load_space also checks the parameters of its blocks."""
    return SpaceFile.model_json_schema()


def changed_space_schema() -> dict[str, Any]:
    """JSON schema of a known space with other values of some fields; its definitions are those of space_schema."""
    fields = {name: {**field} for name, field in space_schema()["properties"].items() if name != "stages"}
    fields["name"] = {"description": "the space that is changed", "enum": list(known_spaces())}
    return {"type": "object", "properties": fields, "required": ["name"], "additionalProperties": False}


def read_architecture(data: Mapping[str, Any]) -> Architecture:
    """The architecture in untrusted input of the form of Architecture.to_dict. SpecError names each wrong field."""
    try:
        file = ArchitectureFile.model_validate(dict(data))
    except ValidationError as error:
        raise SpecError(reason(error, "architecture")) from None
    stages = tuple(_stage(stage, f"architecture.stages.{number}") for number, stage in enumerate(file.stages))
    return Architecture(**{**dict(file), "stem": Stem(**dict(file.stem)), "stages": stages})


def _space(data: Mapping[str, Any], where: str) -> SearchSpace:
    """The space that data describes; where is the prefix of a field's name in an error."""
    try:
        file = SpaceFile.model_validate(dict(data))
    except ValidationError as error:
        raise SpecError("\n".join(f"{where}{line}" for line in reason(error, model=SpaceFile).splitlines())) from None
    stages = []
    for number, stage in enumerate(file.stages):
        blocks = tuple(_blocks(stage, f"{where}stages.{number}.blocks", max(file.resolution)))
        stages.append(StageSpace(blocks, {name: getattr(stage, name) for name in STAGE_OPTIONS}))
    return SearchSpace(**{**dict(file), "stem": Stem(**dict(file.stem)), "stages": tuple(stages)})


def _blocks(stage: StageFile, where: str, resolution: int) -> Iterator[BlockSpace]:
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
    options = tuple(listed(value))
    # YAML and JSON write 0 for 0.0; parameters keep the type that the block declares.
    if all(isinstance(known, float) for known in kind.options().get(parameter, ())):
        options = tuple(float(option) if type(option) is int else option for option in options)
    refusal = next(filter(None, (kind.refusal(parameter, option) for option in options)), None)
    if refusal is not None:
        raise SpecError(f"{where}: {refusal}")
    try:
        return distinct(some(options))
    except PydanticCustomError as error:
        raise SpecError(f"{where}: {error}") from None


def _stage(given: ArchitectureStage, where: str) -> Stage:
    try:
        kind = block[given.block]
    except UnknownNameError as error:
        raise SpecError(f"{where}.block: {error}") from None
    parameters = given.model_extra or {}
    for missing in sorted(set(kind.options()) - set(parameters)):
        raise SpecError(f"{where}.{missing}: missing")
    alone = {key: _options(kind, key, [value], f"{where}.{key}")[0] for key, value in parameters.items()}
    return Stage(kind(**alone), **{name: getattr(given, name) for name in STAGE_OPTIONS})
