"""Devices: what is known of them, and the latency of a network on them from what was measured."""

from typing import Any

from fastapi import APIRouter

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


@router.get("/devices", dependencies=[READ], responses=problems("DEVICES_UNAVAILABLE"))
def list_devices() -> dict[str, list[dict[str, Any]]]:
    """The devices of this machine, and all that were measured."""
    from latency_db.storing.store import Store  # noqa: PLC0415 - as above
    from latency_db.validating.device_rows import device_rows  # noqa: PLC0415 - the API starts without onnxruntime

    return {"items": device_rows(Store())}


@router.get("/devices/{name}", dependencies=[READ], responses=problems("NOT_FOUND", "DEVICES_UNAVAILABLE"))
def get_device(name: str) -> dict[str, Any]:
    """A device: its fingerprint, its statistic and its latest sessions."""
    from latency_db.storing.store import Store  # noqa: PLC0415 - as above
    from latency_db.validating.device_rows import device_row  # noqa: PLC0415 - the API starts without onnxruntime

    try:
        return device_row(Store(), name)
    except UnknownNameError as error:
        raise ProblemError("NOT_FOUND", str(error)) from None


@router.post("/latency:estimate", dependencies=[READ], responses=WRONG)
def estimate_latency(body: EstimateBody) -> LatencyEstimate:
    """The latency of a network from the records of a device. Nothing is measured now: what lacks is interpolated, or an
    error if too little is there.
    """
    from latency_db.estimating.estimator import Estimator  # noqa: PLC0415 - as above
    from latency_db.storing.known_devices import find_device  # noqa: PLC0415 - the API starts without onnxruntime
    from latency_db.storing.store import Store  # noqa: PLC0415 - as above

    if body.network is not None:
        network = read_network(body.network)
    else:
        network = read_architecture(body.architecture or {}).expand()
    store = Store()
    found = Estimator(store, find_device(store, body.device)).estimate(network)
    return LatencyEstimate.model_validate({"device": body.device, **found.plain()})
