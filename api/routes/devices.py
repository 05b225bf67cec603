"""Devices: what is known of them, and the latency of a network on them from what was measured."""

from typing import Any

from fastapi import APIRouter

from api.http.app_state import App
from api.http.concurrency import ESTIMATE, RECORDS
from api.http.problems import ProblemError, problems
from api.http.security import READ
from api.schemas.device import EstimateBody, LatencyEstimate
from nas.errors import UnknownNameError
from nas.ops.notation import read_network
from nas.spaces import read_architecture

router = APIRouter(prefix="/v1", tags=["devices"])

WRONG = problems(
    "JSON_INVALID",
    "NOT_MEASURED",
    "MEDIA_TYPE_UNSUPPORTED",
    "REQUEST_INVALID",
    "SPEC_INVALID",
    "NAME_UNKNOWN",
    "NOTATION_INVALID",
    "ARCHITECTURE_INVALID",
    "DEVICES_UNAVAILABLE",
)


@router.get("/devices", dependencies=[READ, RECORDS], responses=problems("DEVICES_UNAVAILABLE"))
def list_devices(app: App) -> dict[str, list[dict[str, Any]]]:
    """The devices of this machine, and all that were measured."""
    return {"items": app.latency.devices()}


@router.get("/devices/{name}", dependencies=[READ, RECORDS], responses=problems("NOT_FOUND", "DEVICES_UNAVAILABLE"))
def get_device(name: str, app: App) -> dict[str, Any]:
    """A device: its fingerprint, its statistic and its latest sessions."""
    try:
        return app.latency.device(name)
    except UnknownNameError as error:
        raise ProblemError("NOT_FOUND", str(error)) from None


@router.post("/latency:estimate", dependencies=[READ, ESTIMATE], responses=WRONG)
def estimate_latency(body: EstimateBody, app: App) -> LatencyEstimate:
    """The latency of a network from the records of a device. Nothing is measured now: kernels without a record are
    interpolated; too few records are an error.
    """
    if body.network is not None:
        network = read_network(body.network)
    else:
        network = read_architecture(body.architecture or {}).expand()
    return LatencyEstimate.model_validate({"device": body.device, **app.latency.estimate(body.device, network)})
