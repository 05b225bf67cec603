"""Devices: what is known of them, and the latency of a network on them from what was measured."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Query, Request

from api.http.app_state import App
from api.http.concurrency import ESTIMATE, RECORDS
from api.http.problems import ProblemError, problems
from api.http.security import READ, Reader
from api.schemas.device import EstimateBody, LatencyEstimate
from api.uploading.multipart import file_body, receive_file
from nas.errors import UnknownNameError
from nas.network import read_network_or_name
from nas.spaces import read_architecture

router = APIRouter(prefix="/v1", tags=["devices"])

FIELD = "model"
MAX_MODEL_BYTES = 64 << 20
BODY = file_body(FIELD, "an .onnx file")

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
        network = read_network_or_name(body.network, body.parameters)
    else:
        network = read_architecture(body.architecture or {}).expand()
    return LatencyEstimate.model_validate({"device": body.device, **app.latency.estimate(body.device, network)})


@router.post(
    "/latency:estimate-file",
    dependencies=[READ],
    openapi_extra=BODY,
    responses=WRONG | problems("BODY_TOO_LARGE", "STORAGE_FULL"),
)
async def estimate_file(
    device: Annotated[str, Query(max_length=200)], request: Request, app: App, caller: Reader
) -> LatencyEstimate:
    """The latency of an ONNX file: its own, if it was measured on the device, or else that of the architecture which
    files of nas name. Nothing is measured now.
    """
    limiter, asking = app.limiters["estimates"], caller.asking(request)

    def count(size: int) -> None:
        if size > MAX_MODEL_BYTES:
            raise ProblemError("BODY_TOO_LARGE", f"The file is larger than {MAX_MODEL_BYTES} bytes.")
        app.rates.take(asking, bytes_of_uploads=size)

    with TemporaryDirectory() as folder:
        place = Path(folder) / FIELD
        await receive_file(request, FIELD, place, count)
        async with limiter.turn(request):
            found = await to_thread.run_sync(lambda: app.latency.estimate_file(device, place.read_bytes()))
    return LatencyEstimate.model_validate({"device": device, **found})
