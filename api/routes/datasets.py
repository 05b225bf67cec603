"""Data sets: the known ones, and folders of images that users upload."""

import asyncio
import errno
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event
from typing import Annotated, Any, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import contextmanager_in_threadpool

from api.catalogue import data_row
from api.http.app_state import App
from api.http.concurrency import RECORDS, left
from api.http.parameters import Digest
from api.http.problems import ProblemError, problems
from api.http.security import READ, WRITE, Writer
from api.schemas.dataset import Arrived, Damaged, Datasets, Piece, Upload
from api.uploading.multipart import file_body, receive_file
from api.uploading.pieces import Pieces
from api.uploading.uploads import Uploads
from nas.dataset import dataset
from nas.images.on_damaged import OnDamaged
from nas.service.upload_removal import remove_upload

T = TypeVar("T")

router = APIRouter(prefix="/v1", tags=["datasets"])

FIELD = "archive"
NAMED = 5
"""Searches that a refusal names."""

BODY = file_body(FIELD, "the archive")


@router.get("/datasets", dependencies=[READ, RECORDS])
def list_datasets(app: App) -> Datasets:
    """The known data sets, and those that were uploaded, the newest first."""
    known: list[Any] = [data_row(name) for name in dataset]
    uploads: list[Any] = list(Uploads(app.settings.uploads))
    return Datasets(items=known, uploads=uploads)


@router.post(
    "/datasets",
    status_code=201,
    dependencies=[WRITE],
    openapi_extra=BODY,
    responses={
        200: {"model": Upload, "description": "The same pictures were uploaded before."},
        **problems("BODY_TOO_LARGE", "MEDIA_TYPE_UNSUPPORTED", "REQUEST_INVALID", "DATA_UNUSABLE", "STORAGE_FULL"),
    },
)
async def upload(
    request: Request,
    response: Response,
    app: App,
    caller: Writer,
    on_damaged: Annotated[Damaged, Query()] = OnDamaged.REFUSE,
) -> Upload:
    """Upload images: a .zip, .tar, .tar.gz, .tar.bz2 or .tar.xz of class folders, or of train/, val/ and test/ with
    class folders each.

    Each image is decoded once; what cannot be trained on is refused, with the reason, or left out and listed in notes.
    Two archives are unpacked at a time, six more received; others are refused with 429.
    """
    uploads, limiter = Uploads(app.settings.uploads), app.limiters["uploads"]
    try:
        async with limiter.admitted(), contextmanager_in_threadpool(uploads.incoming()) as place:
            archive = place / FIELD
            asking = caller.asking(request)
            sent = await receive_file(
                request, FIELD, archive, lambda size: app.rates.take(asking, bytes_of_uploads=size)
            )
            async with limiter.slot(request):
                adding = partial(uploads.add, archive, sent.sha256, sent.name, on_damaged=on_damaged)
                facts, new = await _until_left(request, adding)
    except OSError as error:
        raise _storage_problem(error) from None
    response.status_code = 201 if new else 200
    return Upload(**facts)


@router.get("/datasets/{sha256}", dependencies=[READ, RECORDS], responses=problems("NOT_FOUND"))
def show_dataset(sha256: Digest, app: App) -> Upload:
    """An uploaded data set, by the digest of its pictures, which is in its path, or of an archive that they came in."""
    facts = Uploads(app.settings.uploads).find(sha256)
    if facts is None:
        raise ProblemError("NOT_FOUND", f"No data set {sha256} was uploaded.")
    return Upload(**facts)


@router.put(
    "/datasets/{sha256}/archive",
    dependencies=[WRITE],
    openapi_extra=BODY,
    responses={
        201: {"model": Upload, "description": "The archive is complete, and its data set is new."},
        202: {"model": Arrived, "description": "More is to come."},
        **problems("BODY_TOO_LARGE", "MEDIA_TYPE_UNSUPPORTED", "REQUEST_INVALID", "DATA_UNUSABLE", "STORAGE_FULL"),
    },
)
async def send_piece(
    sha256: Digest,
    piece: Annotated[Piece, Query()],
    *,
    request: Request,
    response: Response,
    app: App,
    caller: Writer,
) -> Upload | Arrived:
    """Upload images piece by piece, so that an upload that was cut off can go on: sha256 is that of the whole archive.

    The field `archive` of the body is a piece, which may be empty. One that does not begin where the last one ended is
    passed over; the answer says where the next begins. What has arrived is kept for a day after the last piece.
    """
    uploads, limiter = Uploads(app.settings.uploads), app.limiters["uploads"]
    pieces = Pieces(uploads.folder, sha256, piece.size_bytes)
    try:
        async with limiter.admitted(), contextmanager_in_threadpool(uploads.incoming()) as place:
            archive, asking = place / FIELD, caller.asking(request)
            await receive_file(
                request, FIELD, place / "piece", lambda size: app.rates.take(asking, bytes_of_uploads=size)
            )
            arrived = await to_thread.run_sync(pieces.append, place / "piece", piece.start)
            if arrived < piece.size_bytes:
                response.status_code = 202
                return Arrived(received_bytes=arrived)
            async with limiter.slot(request):
                facts, new = await _until_left(request, partial(_complete, uploads, pieces, archive, piece))
    except OSError as error:
        raise _storage_problem(error) from None
    response.status_code = 201 if new else 200
    return Upload(**facts)


def _complete(
    uploads: Uploads, pieces: Pieces, archive: Path, piece: Piece, stop: Event
) -> tuple[dict[str, Any], bool]:
    """What Uploads.add returns. The pieces are kept where the client left, which may go on then."""
    pieces.whole(archive)
    try:
        return uploads.add(archive, pieces.sha256, piece.title, stop, on_damaged=piece.on_damaged)
    finally:
        if not stop.is_set():
            pieces.remove()


def _storage_problem(error: OSError) -> OSError | ProblemError:
    """The error for clients, if it is that of a full disk; else the error itself."""
    if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
        return error
    return ProblemError("STORAGE_FULL", "The disk for uploads is full.")


@router.delete(
    "/datasets/{sha256}",
    status_code=204,
    dependencies=[WRITE, RECORDS],
    responses=problems("NOT_FOUND", "DATASET_IN_USE"),
)
def delete_dataset(sha256: Digest, app: App) -> Response:
    """Remove an uploaded data set, by the digest in its path, unless a search that is not finished uses it.

    Finished searches stay as they are, but networks of theirs that were not exported yet cannot be trained again.
    """
    searches = remove_upload(app.ledger, app.settings.uploads, sha256)
    if searches:
        more = f" and {len(searches) - NAMED} others" if len(searches) > NAMED else ""
        raise ProblemError("DATASET_IN_USE", f"It is used by {', '.join(searches[:NAMED])}{more}.")
    return Response(status_code=204)


async def _until_left(request: Request, work: Callable[[Event], T]) -> T:
    """What work returns, in a thread of its own. Its event is set when the client leaves or the service stops."""
    stop = Event()
    watching = asyncio.create_task(_set_when_left(request, stop))
    try:
        return await to_thread.run_sync(work, stop, limiter=CapacityLimiter(1))
    finally:
        stop.set()
        watching.cancel()


async def _set_when_left(request: Request, stop: Event) -> None:
    await left(request)
    stop.set()
