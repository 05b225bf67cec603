"""Models of single trials, trained and exported on demand."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request, Response

from api.http.app_state import App
from api.http.parameters import ExportId, TrialId
from api.http.problems import problems
from api.http.root_path import served
from api.http.security import READ, WRITE, Writer
from api.routes.artifacts import artifact_url
from api.schemas.submission import NewExport
from api.schemas.trial import ExportFile, ExportList, ExportOut
from api.specs import check_latency_device, check_plan
from nas.jobs.records import ExportRecord

router = APIRouter(prefix="/v1", tags=["exports"])

_RESPONSES: dict[int | str, dict[str, Any]] = {
    201: {"model": ExportOut, "description": "It is there already"},
    202: {"description": "It is being made"},
    **problems("STATE_TRANSITION", "SPEC_INVALID", "NAME_UNKNOWN"),
}


@router.post(
    "/trials/{trial_id}:export", status_code=202, response_model=ExportOut, responses=_RESPONSES, dependencies=[WRITE]
)
def export_trial(trial_id: TrialId, body: NewExport, request: Request, app: App, caller: Writer) -> Response:
    """Train a trial's network for longer and export it, as ONNX or as a runtime's own file.

    The metrics of the latter are those that it has in that runtime, its difference that to ONNX Runtime. With a
    compression it is made smaller, stage by stage (`GET /v1/presets`, `GET /v1/compressors`); for a latency, the device
    measures it. The same export is made once.
    """
    app.rates.take(caller.asking(request), trials=1)
    compression = None if body.compression is None else body.compression.wanted()
    if body.compression is not None:
        if body.compression.plan is not None:
            check_plan(body.compression.plan)
        check_latency_device(body.compression, "compression", app)
    export, _ = app.ledger.exports.request(trial_id, body.format, body.epochs, body.input, compression=compression)
    content = _out(export)
    status = 201 if content.url else 202
    headers = {"location": served(f"/v1/exports/{export.id}")}
    return Response(content.model_dump_json(), status, headers, "application/json")


@router.get("/exports/{export_id}", dependencies=[READ])
def get_export(export_id: ExportId, app: App) -> ExportOut:
    """How an export stands; `url` is the file once it has SUCCEEDED."""
    return _out(app.ledger.exports.get(export_id))


@router.get("/trials/{trial_id:id}/exports", dependencies=[READ])
def list_exports(trial_id: TrialId, app: App) -> ExportList:
    """The exports of a trial, the oldest first."""
    app.ledger.trials.get(trial_id)
    return ExportList(items=[_out(export) for export in app.ledger.exports.of(trial_id)])


def _out(export: ExportRecord) -> ExportOut:
    if not export.artifact_sha256 or not export.file:
        return ExportOut(**asdict(export))
    own = {"kind": export.format, "file": export.file, "sha256": export.artifact_sha256}
    stored = (export.report or {}).get("files") or [own]
    files = [ExportFile(**{**file, "url": artifact_url(file["sha256"], file["file"])}) for file in stored]
    return ExportOut(**asdict(export), url=files[0].url, files=files)
