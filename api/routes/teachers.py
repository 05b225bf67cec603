"""Teachers: ONNX classifiers that are sent to the service, for searches to learn from. None is run here."""

import errno
from pathlib import Path
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import contextmanager_in_threadpool

from api.http.app_state import App, AppState
from api.http.concurrency import RECORDS
from api.http.parameters import Digest
from api.http.problems import ProblemError, problems
from api.http.security import READ, WRITE, Writer
from api.schemas.teacher import TeacherFile
from api.uploading.multipart import Received, file_body, receive_file
from api.uploading.uploads import Uploads
from nas.errors import SpecError
from nas.jobs.errors import NotFoundError
from nas.service.teachers import teacher_model
from nas.teacher.check import header_in
from nas.teacher.header import LIMITS, Header
from nas.teacher.request import TeacherRequest

FileName = Annotated[str, Query(max_length=200, description="What to call the file in a spec")]
router = APIRouter(prefix="/v1", tags=["teachers"])

FIELD = "model"
ROUND_BYTES = 64 << 10
"""Of a body around its file."""


@router.post(
    "/teachers",
    status_code=201,
    dependencies=[WRITE],
    openapi_extra=file_body(FIELD, "the .onnx file"),
    responses={
        200: {"model": TeacherFile, "description": "The same file was sent before."},
        **problems("BODY_TOO_LARGE", "MEDIA_TYPE_UNSUPPORTED", "REQUEST_INVALID", "SPEC_INVALID", "STORAGE_FULL"),
    },
)
async def send_teacher(request: Request, response: Response, app: App, caller: Writer) -> TeacherFile:
    """Send an ONNX classifier of up to 512 MiB. What a worker would not run is refused, with the reason.

    It is kept as long as a search names it, and for a day before that. Two files are checked at a time, six more
    received; others are refused with 429.
    """
    limiter, asking, arrived = app.limiters["uploads"], caller.asking(request), 0

    def count(size: int) -> None:
        nonlocal arrived
        arrived += size
        if arrived > LIMITS.max_bytes + ROUND_BYTES:
            raise ProblemError("BODY_TOO_LARGE", f"A teacher has at most {LIMITS.max_bytes} bytes.")
        app.rates.take(asking, bytes_of_uploads=size)

    try:
        async with (
            limiter.admitted(),
            contextmanager_in_threadpool(Uploads(app.settings.uploads).incoming()) as place,
        ):
            sent = await receive_file(request, FIELD, place / FIELD, count)
            async with limiter.slot(request):
                found, new = await to_thread.run_sync(_added, app, place / FIELD, sent)
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise ProblemError("STORAGE_FULL", "The disk for artifacts is full.") from None
    response.status_code = 201 if new else 200
    return found


@router.get("/teachers/{sha256}", dependencies=[READ, RECORDS], responses=problems("NOT_FOUND"))
def show_teacher(sha256: Digest, app: App, name: FileName = "") -> TeacherFile:
    """A file that was sent, or that a search has made, if it can be a teacher: ask before sending."""
    try:
        return _described(app, sha256, name, _header(app.files.path(sha256), "it"))
    except (NotFoundError, SpecError):
        raise ProblemError("NOT_FOUND", f"The service has no teacher {sha256}.") from None


def _added(app: AppState, file: Path, sent: Received) -> tuple[TeacherFile, bool]:
    """The file in the artifact store, and whether it is new there. SpecError if it is no teacher."""
    header = _header(file, sent.name)
    try:
        app.files.path(sent.sha256)
        new = False
    except NotFoundError:
        new = True
    app.files.add(file)
    return _described(app, sent.sha256, sent.name, header), new


def _header(file: Path, name: str) -> Header:
    return header_in(TeacherRequest(model=name or "it"), file)


def _described(app: AppState, sha256: str, name: str, header: Header) -> TeacherFile:
    shape, classes = header.inputs[0].shape if header.inputs else None, header.about.get("classes")
    return TeacherFile(
        model=teacher_model(sha256, name),
        sha256=sha256,
        size_bytes=app.files.path(sha256).stat().st_size,
        input=None if shape is None else list(shape),
        classes=[str(each) for each in classes] if isinstance(classes, list) else None,
    )
