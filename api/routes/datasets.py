"""Data sets: the known ones, and folders of images that users upload."""

import errno
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request, Response

from api.catalogue import data_row
from api.http.app_state import App
from api.http.problems import ProblemError, problems
from api.http.security import READ, WRITE
from api.schemas.dataset import Datasets, Upload
from api.uploading.multipart import receive_file
from api.uploading.uploads import Uploads
from nas.dataset import dataset

router = APIRouter(prefix="/v1", tags=["datasets"])

FIELD = "archive"
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {FIELD: {"type": "string", "format": "binary", "description": "the archive"}},
                    "required": [FIELD],
                }
            }
        },
    }
}


@router.get("/datasets", dependencies=[READ])
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
        200: {"model": Upload, "description": "The same archive was uploaded before."},
        **problems("BODY_TOO_LARGE", "MEDIA_TYPE_UNSUPPORTED", "REQUEST_INVALID", "DATA_UNUSABLE", "STORAGE_FULL"),
    },
)
async def upload(request: Request, response: Response, app: App) -> Upload:
    """Upload images: a .zip, .tar or .tar.gz of class folders, or of train/, val/ and test/ with class folders each.

    Each image is decoded once; what cannot be trained on is refused, with the reason.
    """
    uploads = Uploads(app.settings.uploads)
    try:
        with uploads.incoming() as place:
            archive = place / FIELD
            sha256 = await receive_file(request, FIELD, archive)
            facts, new = await to_thread.run_sync(uploads.add, archive, sha256)
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise ProblemError("STORAGE_FULL", "The disk for uploads is full.") from None
    response.status_code = 201 if new else 200
    return Upload(**facts)
