"""The plugins as JSON values, and the body of a search as JSON schema: what a form is made from."""

from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from typing import Any

from pydantic import BaseModel

from api.http.problems import ProblemError
from nas.block import block
from nas.compressor import compressor
from nas.dataset import dataset
from nas.evaluator import evaluator
from nas.images.published import dataset_row
from nas.metric import metrics
from nas.network import network
from nas.objective import objective
from nas.registry import Registry
from nas.searcher import searcher
from nas.spaces import known_spaces, named_space, space_schema

FAMILIES: Mapping[str, Registry[Any]] = {
    "blocks": block,
    "searchers": searcher,
    "objectives": objective,
    "evaluators": evaluator,
    "datasets": dataset,
    "networks": network,
}
DETERMINED_BY_SEARCH = ("target_latency_ms",)
"""Parameters of objectives that a search determines where they are left out."""
DETERMINED_BY_DATASET = ("channels", "classes")
"""Parameters of reference networks that follow from the data set."""


def catalogue() -> dict[str, list[dict[str, Any]]]:
    """By family, every plugin: name, summary and the JSON schema of its parameters; spaces have their size, metrics say
    how they are shown.
    """
    described = {
        family: [registry.describe(name) for name in registry] for family, registry in FAMILIES.items()
    }  # fmt: skip
    for row in described["blocks"]:
        row["parameters"] |= block[row["name"]].schema()
    for row in described["datasets"]:
        row |= {key: value for key, value in data_row(row["name"]).items() if key != "name"}
    sizes = [{"name": name, "size": str(named_space(name).size())} for name in known_spaces()]
    return described | {"spaces": sizes, "metrics": [metric.describe() for metric in metrics().values()]}


def compressors() -> list[dict[str, Any]]:
    """Every compressor, as catalogue() has other plugins. ProblemError where torch is not installed."""
    if find_spec("torch") is None:  # compressors are made of torch modules
        raise ProblemError(
            "COMPRESSORS_UNAVAILABLE", "Compressors need torch, which this part of the service is installed without."
        )
    return [compressor.describe(name) for name in compressor]


def data_row(name: str) -> dict[str, Any]:
    """A known data set; its place on this machine is left out."""
    row = dataset_row(name)
    where = row.pop("where")
    return {**row, "available": where is not None}


def search_schema(body: type[BaseModel], devices: Iterable[str]) -> dict[str, Any]:
    """JSON schema of the body of POST /v1/searches: that of the model, with every plugin and its parameters.

    The API also takes a plugin's bare name where no parameter is needed.
    """
    schema = body.model_json_schema()
    fields = schema["properties"]
    for field, registry, optional in (
        ("dataset", dataset, ()),
        ("objective", objective, DETERMINED_BY_SEARCH),
        ("searcher", searcher, ()),
        ("evaluator", evaluator, ()),
    ):
        fields[field] = _description(fields[field]) | {"oneOf": _variants(registry, optional=optional)}
    fields["references"]["items"] = {"oneOf": _variants(network, left_out=DETERMINED_BY_DATASET)}
    own = space_schema()
    schema["$defs"] = schema.get("$defs", {}) | own.pop("$defs")
    named = {"title": "Known space", "enum": list(known_spaces())}
    fields["space"] = _description(fields["space"]) | {"anyOf": [named, {**own, "title": "Space of your own"}]}
    fields["device"]["examples"] = list(devices)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _description(field: Mapping[str, Any]) -> dict[str, Any]:
    """Title, description and default of a field, without its type."""
    return {key: field[key] for key in ("title", "description", "default") if key in field}


def _variants(
    registry: Registry[Any], *, optional: Iterable[str] = (), left_out: Iterable[str] = ()
) -> list[dict[str, Any]]:
    """Of each plugin, the object that names it and sets its parameters."""
    variants = []
    for name in registry:
        described = registry.describe(name)
        parameters = described["parameters"]
        own = {key: value for key, value in parameters["properties"].items() if key not in left_out}
        required = [key for key in parameters.get("required", ()) if key not in optional]
        variants.append(
            {
                "title": name,
                "description": "\n\n".join(filter(None, (described["summary"], parameters.get("description")))),
                "type": "object",
                "properties": {"name": {"const": name}, **own},
                "required": ["name", *required],
                "additionalProperties": False,
            }
        )
    return variants
