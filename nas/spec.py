"""A search as data, as a user submits it: one check for the file of `nas run` and the body of a REST request."""

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    WithJsonSchema,
    model_serializer,
)

from nas.compression.request import CompressionRequest
from nas.dataset import MAX_SIDE, DatasetSource, Outline, dataset, resolve
from nas.errors import DataError, InvalidArchitectureError, NasError, SpecError, UnknownNameError
from nas.evaluator import evaluator
from nas.images.model_input import ModelInput
from nas.mapping_file import read_mapping
from nas.metric import network_metrics
from nas.network import network
from nas.objective import objective
from nas.ops import Network
from nas.registry import reason, settable
from nas.searcher import searcher
from nas.space import SearchSpace
from nas.spaces import load_space
from nas.training import FINALISTS, Recipe


def _named(value: object) -> object:
    return resolve(value) if isinstance(value, str) else value


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

_RecipeFields = settable(FINALISTS, "epochs", "time_budget_s")
"""The fields of finalists.recipe; the epochs are finalists.epochs, and no clock ends so long a training."""


class Finalists(BaseModel):
    """How many of the best trials are trained for longer, tested and exported, and how.

    recipe: how these, and the reference networks, are trained, as nas.training.Recipe says; what it leaves out is as in
    nas.training.FINALISTS. The trials' recipe is the evaluator's. compression: what they go through after that: a
    preset's name, or as for an export.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: Annotated[int, Field(ge=0, le=100, strict=True, description="how many; 0 for none")] = 3
    epochs: Annotated[int, Field(ge=1, le=100_000, strict=True, description="epochs of the longer training")] = 10
    recipe: Annotated[
        dict[str, Any],
        Field(description="the training of finalists and references; the trials' is the evaluator's"),
        WithJsonSchema(_RecipeFields.model_json_schema()),
    ] = {}
    compression: Annotated[
        CompressionRequest | None,
        BeforeValidator(lambda value: {"preset": value} if isinstance(value, str) else value),
        Field(description="makes their files smaller after training; null for none"),
    ] = None

    @property
    def training(self) -> Recipe:
        """The whole recipe of the longer training."""
        given = _RecipeFields.model_validate(self.recipe).model_dump()
        return replace(FINALISTS, **given, epochs=self.epochs)

    @model_serializer(mode="wrap")
    def _without_default_recipe(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A spec that leaves recipe or compression out is equal to one from before there was any."""
        values: dict[str, Any] = handler(self)
        left_out = [name for name in ("recipe", "compression") if not values[name]]
        if self.compression:
            values["compression"] = self.compression.wanted()
        return {name: value for name, value in values.items() if name not in left_out}


class Export(BaseModel):
    """What exported .onnx files take as input; docs/preprocessing.md describes both."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: Annotated[
        ModelInput, Field(description="float32: a prepared image; uint8: a picture of any size, prepared in the file")
    ] = ModelInput.FLOAT32


class SearchSpec(BaseModel):
    """A search. Every field but `dataset` has a default.

    Without a target_latency_ms, the objective's target is the median latency of random members of the space, found and
    named when the search starts. references are hand-designed networks, trained, tested and measured as the finalists
    are.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    dataset: Annotated[Plugin, Field(description="the images to learn")]
    space: Annotated[str | dict[str, Any], Field(description="the architectures to choose from")] = "small"
    device: Annotated[str, Field(max_length=200, description="where latency counts")] = "local-cpu-1t"
    objective: Annotated[Plugin, Field(description="what is maximised")] = {"name": "constrained"}
    searcher: Annotated[Plugin, Field(description="how the next architecture is chosen")] = {"name": "auto"}
    evaluator: Annotated[Plugin, Field(description="how an architecture is scored")] = {"name": "train"}
    max_trials: Annotated[int, Field(ge=1, le=1_000_000, strict=True, description="trials in all")] = 64
    parallel: Annotated[int, Field(ge=1, le=1024, strict=True, description="trials at a time")] = 1
    seed: Annotated[int, Field(ge=0, lt=2**31, strict=True, description="same seed, same proposals")] = 0
    finalists: Annotated[Finalists, Field(description="the best, trained for longer and exported")] = Finalists()
    export: Annotated[Export, Field(description="what exported files are like")] = Export()
    references: Annotated[tuple[Plugin, ...], Field(description="hand-designed networks to compare with")] = REFERENCES

    @model_serializer(mode="wrap")
    def _without_default_export(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A spec that leaves it out is equal to one from before there was a choice."""
        values: dict[str, Any] = handler(self)
        return (
            values if self.export != Export() else {name: value for name, value in values.items() if name != "export"}
        )


def parse_spec(data: object) -> SearchSpec:
    """The spec in JSON values. SpecError names each field that is wrong; plugin parameters are checked too."""
    try:
        spec = SearchSpec.model_validate(data)
    except ValidationError as error:
        raise SpecError(reason(error)) from None
    dataset.checked(spec.dataset, "dataset")
    objective.checked({"target_latency_ms": 1.0} | spec.objective, "objective")
    checked = dict(searcher.checked(spec.searcher, "searcher"))
    searcher[spec.searcher["name"]].check(**checked)
    evaluator.checked(spec.evaluator, "evaluator")
    try:
        _RecipeFields.model_validate(spec.finalists.recipe)
    except ValidationError as error:
        raise SpecError(reason(error, "finalists.recipe")) from None
    for number, reference in enumerate(spec.references):
        for fixed in sorted({"channels", "classes"} & set(reference)):
            raise SpecError(f"references.{number}.{fixed}: the data set decides it; leave it out")
        network.checked(reference, f"references.{number}")
    try:
        if load_space(spec.space).has_codes and spec.finalists.compression:
            raise SpecError(
                "finalists.compression: the space decides on precisions of stages, so its networks are compressed "
                "already; leave compression out, or precision out of the space"
            )
    except UnknownNameError:
        raise
    except NasError as error:
        message = str(error)
        is_placed = message.startswith(("space.", "finalists."))
        raise SpecError(message if is_placed else f"space: {message}") from None
    return spec


def check_images(spec: SearchSpec, source: DatasetSource) -> Outline | None:
    """What is known of the spec's images before they are decoded, if anything is, with the side that they will have.

    source: the spec's data set. SpecError names the field if the images are absent or unfit, or if a reference network
    cannot be built for them; InfeasibleError says why the space has no network for them.
    """
    space = load_space(spec.space)
    try:
        outline = source.outline()
    except DataError as error:
        raise SpecError(f"{'dataset.path' if 'path' in spec.dataset else 'dataset'}: {error}") from None
    if outline is None:
        return None
    side, channels, classes = outline.side or natural_size(space), outline.channels, outline.classes
    space.for_images(channels, side, len(classes)).sample(Random(0), TRIES)
    reference_networks(spec, side=side, channels=channels, classes=len(classes))
    return replace(outline, side=side, resized=outline.side is None)


def with_size(spec: SearchSpec, source: DatasetSource) -> SearchSpec:
    """The spec to carry out: images of several sizes, whose spec gives no `size`, get that of the space.

    source: the spec's data set. What is wrong with it is left to its load() to say.
    """
    try:
        outline = source.outline()
    except DataError:
        return spec
    if outline is None or outline.side is not None:
        return spec
    return spec.model_copy(update={"dataset": {**spec.dataset, "size": natural_size(load_space(spec.space))}})


def natural_size(space: SearchSpace) -> int:
    """The `size`, in pixels, of images that have several sizes and whose spec gives none."""
    return min(max(space.resolution), MAX_SIDE)


def notes(spec: SearchSpec, images: Outline | None) -> list[str]:
    """What the user is to know of the values that the spec leaves open, as `field: text`; images: of check_images."""
    if images is None or not images.resized:
        return []
    side, name = images.side, spec.space if isinstance(spec.space, str) else spec.space["name"]
    resized = f"each is cut to its central square and resized to {side} x {side} px, the resolution of the space {name}"
    return [f"dataset.size: the images have several sizes, so {resized}; set another size to keep more or less of them"]


def reference_networks(spec: SearchSpec, *, side: int, channels: int, classes: int) -> list[Network]:
    """The spec's reference networks for images of side x side pixels. SpecError names one that cannot be built."""
    images = {"resolution": side, "channels": channels, "classes": classes}
    networks = []
    for number, plugin in enumerate(spec.references):
        try:
            expanded = network.make({**images, **plugin}).expand()
            network_metrics(expanded)
        except InvalidArchitectureError as error:
            raise SpecError(
                f"references.{number}: {plugin['name']} cannot be built for images of {side} px: {error}; "
                "give it a larger resolution, or leave it out"
            ) from None
        networks.append(expanded)
    return networks


def load_spec(path: Path) -> SearchSpec:
    """The spec in a YAML or JSON file."""
    return parse_spec(read_mapping(path))
