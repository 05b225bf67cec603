"""What can be chosen: every plugin with its parameters, and the schema that a form for a search is made from."""

from typing import Any

from fastapi import APIRouter

from api.catalogue import catalogue as plugins
from api.catalogue import compressors
from api.http.app_state import App
from api.http.concurrency import RECORDS
from api.http.problems import problems
from api.http.security import READ
from api.schemas.compression import CompressorList, CompressorOut, Preset, PresetList
from api.schemas.metric import MetricList, MetricOut
from api.schemas.submission import NewSearch
from nas.compression.presets import PRESETS
from nas.metric import metrics
from nas.spec.fields import search_schema

router = APIRouter(prefix="/v1", tags=["catalogue"])


@router.get("/catalogue", dependencies=[READ, RECORDS], responses=problems("DEVICES_UNAVAILABLE"))
def catalogue(app: App) -> dict[str, list[dict[str, Any]]]:
    """Every block, searcher, objective, evaluator, data set, network, space and device that a search may name,
    and every metric that its trials can have.

    The parameters of each are JSON schema.
    """
    return plugins() | {"devices": [{"name": row["name"], "summary": _summary(row)} for row in app.latency.devices()]}


@router.get("/metrics", dependencies=[READ])
def list_metrics() -> MetricList:
    """The metrics that trials can have, in the order of columns, and how each is shown."""
    return MetricList(items=[MetricOut.model_validate(metric.describe()) for metric in metrics().values()])


@router.get("/presets", dependencies=[READ])
def list_presets() -> PresetList:
    """The plans that a compression may name."""
    return PresetList(items=[Preset(name=name, stages=list(plan["stages"])) for name, plan in PRESETS.items()])


@router.get("/compressors", dependencies=[READ, RECORDS], responses=problems("COMPRESSORS_UNAVAILABLE"))
def list_compressors() -> CompressorList:
    """The stages that a plan may have; the parameters of each are JSON schema."""
    return CompressorList(items=[CompressorOut(**row) for row in compressors()])


@router.get("/schemas/search", dependencies=[READ, RECORDS], responses=problems("DEVICES_UNAVAILABLE"))
def search(app: App) -> dict[str, Any]:
    """JSON schema of the body of `POST /v1/searches`, with the parameters of every plugin, defaults and limits."""
    return search_schema(NewSearch, [row["name"] for row in app.latency.devices()])


def _summary(row: dict[str, Any]) -> str:
    runtime = f"{row['runtime']} {row['runtime_version']}"
    return f"{row['fingerprint']['cpu']}, {row['threads']} threads, {runtime}, {row['precision']}"
