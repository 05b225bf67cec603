"""A search as data, as a user submits it: one check for the file of `nas run` and the body of a REST request."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    SerializerFunctionWrapHandler,
    ValidationError,
    WithJsonSchema,
    model_serializer,
    model_validator,
)

from nas.asking.warm_start import EarlierNames
from nas.dataset import resolve
from nas.errors import NasError, SpecError, UnknownNameError
from nas.faults import faults, reason
from nas.images.model_input import ModelInput
from nas.mapping_file import read_mapping
from nas.registry import described
from nas.search.devices import MAX_DEVICES, DeviceName, first_of_devices
from nas.spec.checks import NO_IMAGES, wrong_inside
from nas.spec.finalists import Finalists
from nas.spec.paths import beside
from nas.teacher.request import TeacherRequest
from nas.zero_cost import ZeroCostUse


def _named(value: object) -> object:
    return resolve(value) if isinstance(value, str) else value


FIELDS_OF_KINDS = {"network": "references"}
"""Fields of a spec that name things of a kind that is called otherwise."""

TRIES = 50
"""Number of random members examined before a space counts as infeasible, so that a request is answered soon."""

_NAME = {"type": "string", "minLength": 1}
Plugin = Annotated[
    dict[str, Any],
    BeforeValidator(_named),
    WithJsonSchema({"anyOf": [_NAME, {"type": "object", "properties": {"name": _NAME}, "required": ["name"]}]}),
]
"""A plugin and its parameters, {"name": ..., parameter: value}; its bare name is short for one without parameters."""

REFERENCES: tuple[Plugin, ...] = (
    {"name": "mobilenetv1", "width": 0.5},
    {"name": "mobilenetv2", "width": 1.0},
)


class Export(BaseModel):
    """What exported .onnx files take as input; docs/preprocessing.md describes both."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: Annotated[
        ModelInput,
        described(
            "what an .onnx takes: float32, a prepared image; uint8, a picture of any size, prepared in the file",
            "uint8 where the program that uses the file cannot prepare pictures itself",
        ),
    ] = ModelInput.FLOAT32


LATER: dict[str, Any] = {
    "export": Export(),
    "baseline": None,
    "zero_cost": None,
    "pruner": None,
    "warm_start": (),
    "teacher": None,
}
"""Fields that specs did not always have, with what their absence means."""


class SearchSpec(BaseModel):
    """A search. Every field but `dataset` has a default.

    Without a target_latency_ms, the objective's target is the median latency of random members of the space, found and
    named when the search starts. A search of several devices has a target for each: a mapping from device to
    milliseconds, from which some may be left out. references are hand-designed networks, trained, tested and measured
    as the finalists are.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    dataset: Annotated[Plugin, described("the images to learn", "always yours")]
    space: Annotated[
        str | dict[str, Any],
        described(
            "the architectures to choose from: a known name, one with other fields, a file, or written out",
            "small for images of up to 64 px, photos for larger ones, `{name: photos, resolution: 96}` for one of its "
            "resolutions; mobile and mnasnet are wider; `nas space suggest` says what fits your time",
        ),
    ] = "small"
    device: Annotated[
        DeviceName,
        described(
            "where latency counts: this machine by runtime and threads, or one of `nas device list`",
            "the device that will run the network; docs/runtimes.md lists those of a machine",
        ),
    ] = "local-cpu-1t"
    devices: Annotated[
        tuple[DeviceName, ...],
        described(
            "in place of device: several devices, each with a target and a front of its own",
            "where one network, or one search, is to serve all of them; docs/devices.md says how",
            max_length=MAX_DEVICES,
        ),
    ] = ()
    objective: Annotated[
        Plugin, described("what is maximised", "pareto for a choice of networks, mnasnet or tunas to repeat the papers")
    ] = {"name": "constrained"}
    searcher: Annotated[
        Plugin, described("how the next architecture is chosen", "random as a baseline, reinforce to repeat MnasNet")
    ] = {"name": "auto"}
    evaluator: Annotated[
        Plugin, described("how an architecture is scored", "its epochs, if trials rank networks too roughly")
    ] = {"name": "train"}
    pruner: Annotated[
        Plugin | None,
        described(
            "what stops trials early that score less than others after as many epochs; null for nothing",
            "trials of many epochs: asha then tries more networks in the same time",
        ),
    ] = None
    max_trials: Annotated[
        int,
        described(
            "trials in all; a network that was tried or refused before counts once",
            "more find better networks, ever more slowly: 16 for a first look, 64 to 300 for results",
            ge=1,
            le=1_000_000,
            strict=True,
        ),
    ] = 64
    parallel: Annotated[
        int,
        described(
            "trials at a time; each takes one worker",
            "the number of cores or GPUs; a searcher knows less when more are under way",
            ge=1,
            le=1024,
            strict=True,
        ),
    ] = 1
    seed: Annotated[
        int,
        described(
            "draws proposals, first weights, orders and splits: the same seed, the same search",
            "to repeat a search independently",
            ge=0,
            lt=2**31,
            strict=True,
        ),
    ] = 0
    finalists: Annotated[Finalists, described("the best trials, trained for longer and exported")] = Finalists()
    export: Annotated[Export, described("what exported files are like")] = Export()
    references: Annotated[
        tuple[Plugin, ...],
        described(
            "hand-designed networks to compare with, trained, tested and measured as the finalists are",
            "[] to save their trainings; others of `nas network`, with widths as curves",
        ),
    ] = REFERENCES
    baseline: Annotated[
        Literal["random"] | None,
        described(
            "a second arm beside the searcher: as many trials, by random draws; null for none",
            "to see what the searcher is worth here; it costs as many trainings again",
        ),
    ] = None
    zero_cost: Annotated[
        ZeroCostUse | None,
        described(
            "scores of untrained networks, as metrics of trials and to choose among proposals; null for none",
            "to see whether they order your networks: docs/zero_cost.md",
        ),
    ] = None
    warm_start: Annotated[
        EarlierNames,
        described(
            "earlier searches of the space to begin with: ids or names, or auto; folders of runs for `nas run`",
            "[auto] for a second device or data set: docs/warm_start.md",
        ),
    ] = ()

    teacher: Annotated[
        TeacherRequest | None,
        BeforeValidator(lambda value: {"model": value} if isinstance(value, str) else value),
        described(
            "an .onnx classifier whose scores trials and finalists follow beside the labels; null for none",
            "where you have a larger, slower model for the same classes: docs/teacher.md",
        ),
    ] = None

    @property
    def device_names(self) -> tuple[str, ...]:
        """The devices of the search, one or more."""
        return self.devices or (self.device,)

    @model_validator(mode="before")
    @classmethod
    def _first_of_devices(cls, data: Any) -> Any:
        return first_of_devices(data)

    @model_serializer(mode="wrap")
    def _without_later_fields(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A spec that leaves out what came later, or has one device, is equal to one from before there was a choice."""
        values: dict[str, Any] = handler(self)
        left_out = [name for name, value in LATER.items() if getattr(self, name) == value]
        left_out.append("device" if self.devices else "devices")
        return {name: value for name, value in values.items() if name not in left_out}


def parse_spec(data: object) -> SearchSpec:
    """The spec in JSON values. SpecError names every field that is wrong, parameters of plugins too.

    UnknownNameError if all that is wrong is the name of a plugin or a space.
    """
    try:
        spec = SearchSpec.model_validate(data)
    except ValidationError as error:
        raise SpecError("\n".join([reason(error, model=SearchSpec), *others_wrong(error, data)])) from None
    wrong = list(wrong_inside(dict(spec), spec.device_names))
    if len(wrong) == 1:
        raise wrong[0]
    if wrong:
        raise SpecError("\n".join(map(_line, wrong)))
    return spec


def others_wrong(error: ValidationError, data: object) -> list[str]:
    """Lines on what is wrong inside the fields of a spec that pydantic found nothing wrong with."""
    if not isinstance(data, Mapping):
        return []
    named = {str(where[0]) for where, _ in faults(error) if where}
    rest = {name: value for name, value in data.items() if name in SearchSpec.model_fields and name not in named}
    try:
        spec = SearchSpec.model_validate({"dataset": NO_IMAGES, **rest})
    except ValidationError:  # fields that do not go together, all of which were named
        return []
    return [line for wrong in wrong_inside(dict(spec), spec.device_names) for line in _line(wrong).splitlines()]


def _line(error: NasError) -> str:
    """An error with the field that it is of, which one of an unknown name does not say."""
    if not isinstance(error, UnknownNameError):
        return str(error)
    return f"{FIELDS_OF_KINDS.get(error.kind, error.kind)}: {error}"


def load_spec(path: Path) -> SearchSpec:
    """The spec in a YAML or JSON file, whose paths are relative to it."""
    return parse_spec(beside(path.parent, read_mapping(path)))
