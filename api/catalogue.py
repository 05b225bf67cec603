"""The plugins as JSON values."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from api.http.problems import ProblemError
from nas.block import block
from nas.compressor import compressor
from nas.dataset import dataset
from nas.evaluator import evaluator
from nas.images.published import dataset_row
from nas.metric import metrics
from nas.network import network
from nas.objective import objective
from nas.pruner import pruner
from nas.registry import Registry
from nas.searcher import searcher
from nas.spaces import known_spaces, named_space

FAMILIES: Mapping[str, Registry[Any]] = {
    "blocks": block,
    "searchers": searcher,
    "pruners": pruner,
    "objectives": objective,
    "evaluators": evaluator,
    "datasets": dataset,
    "networks": network,
}


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
