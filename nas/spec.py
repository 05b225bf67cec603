"""A search as data, as a user submits it: one check for the file of `nas run` and the body of a REST request."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema

from nas.dataset import dataset, resolve
from nas.errors import NasError, SpecError, UnknownNameError
from nas.evaluator import evaluator
from nas.mapping_file import read_mapping
from nas.network import network
from nas.objective import objective
from nas.registry import reason
from nas.searcher import searcher
from nas.spaces import load_space


def _named(value: object) -> object:
    return resolve(value) if isinstance(value, str) else value


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
    {"name": "shufflenet", "groups": 3, "width": 0.5},
)


class Finalists(BaseModel):
    """How many of the best trials are trained for longer, tested and exported."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: Annotated[int, Field(ge=0, le=100, strict=True, description="how many; 0 for none")] = 3
    epochs: Annotated[int, Field(ge=1, le=100_000, strict=True, description="epochs of the longer training")] = 10


class SearchSpec(BaseModel):
    """A search. Every field but `dataset` has a default.

    Without a target_latency_ms, the objective's target is the median latency of random members of the space, found and
    named when the search starts. references are hand-designed networks, trained as the trials are and measured with
    the finalists.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    dataset: Annotated[Plugin, Field(description="the images to learn")]
    space: Annotated[str | dict[str, Any], Field(description="the architectures to choose from")] = "small"
    device: Annotated[str, Field(max_length=200, description="where latency counts")] = "local-cpu-1t"
    objective: Annotated[Plugin, Field(description="what is maximised")] = {"name": "constrained"}
    searcher: Annotated[Plugin, Field(description="how the next architecture is chosen")] = {"name": "evolution"}
    evaluator: Annotated[Plugin, Field(description="how an architecture is scored")] = {"name": "train"}
    max_trials: Annotated[int, Field(ge=1, le=1_000_000, strict=True, description="trials in all")] = 64
    parallel: Annotated[int, Field(ge=1, le=1024, strict=True, description="trials at a time")] = 1
    seed: Annotated[int, Field(ge=0, lt=2**31, strict=True, description="same seed, same proposals")] = 0
    finalists: Annotated[Finalists, Field(description="the best, trained for longer and exported")] = Finalists()
    references: Annotated[tuple[Plugin, ...], Field(description="hand-designed networks to compare with")] = REFERENCES


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
    for number, reference in enumerate(spec.references):
        for fixed in sorted({"channels", "classes"} & set(reference)):
            raise SpecError(f"references.{number}.{fixed}: the data set decides it; leave it out")
        network.checked(reference, f"references.{number}")
    try:
        load_space(spec.space)
    except UnknownNameError:
        raise
    except NasError as error:
        message = str(error)
        raise SpecError(message if message.startswith("space.") else f"space: {message}") from None
    return spec


def load_spec(path: Path) -> SearchSpec:
    """The spec in a YAML or JSON file."""
    return parse_spec(read_mapping(path))
