"""Files by their digest: exported models, reports."""

import re
from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import FileResponse

from api.http.app_state import App
from api.http.concurrency import RECORDS
from api.http.parameters import Digest, SearchId
from api.http.problems import ProblemError, problems
from api.http.root_path import served
from api.http.security import READ
from api.schemas.trial import ArtifactList, ArtifactOut
from nas.jobs.records import ArtifactLink

router = APIRouter(prefix="/v1", tags=["artifacts"], dependencies=[READ])

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_RANGES = re.compile(r"bytes=(\s*\d{0,18}-\d{0,18}\s*(?:,\s*\d{0,18}-\d{0,18}\s*)*)")
FileName = Annotated[str, Query(max_length=200, description="What to call the file; unsafe characters become _")]


@router.get("/searches/{search_id}/artifacts", dependencies=[RECORDS])
def list_artifacts(search_id: SearchId, app: App) -> ArtifactList:
    """The files of a search and of its trials."""
    app.ledger.searches.get(search_id)
    return ArtifactList(items=[artifact_out(link) for link in app.ledger.artifacts.links(search_id)])


@router.get(
    "/artifacts/{sha256}",
    response_class=FileResponse,
    responses={
        200: {"description": "The file", "content": {"application/octet-stream": {}}},
        206: {"description": "A part of it", "content": {"application/octet-stream": {}}},
        304: {"description": "As it was"},
        **problems("RANGE_NOT_SATISFIABLE"),
    },
)
def get_artifact(
    sha256: Digest,
    app: App,
    filename: FileName = "",
    part: Annotated[str | None, Header(alias="Range", max_length=200)] = None,
    known: Annotated[str | None, Header(alias="If-None-Match", max_length=1000)] = None,
) -> Response:
    """A file, or a range of its bytes. A digest never changes its content, so it may be kept for ever."""
    artifact = app.ledger.artifacts.get(sha256)
    headers = {"etag": f'"{sha256}"', "cache-control": "private, max-age=31536000, immutable"}
    if known and headers["etag"] in known:
        return Response(status_code=304, headers=headers)
    if part is not None and not _satisfiable(part, artifact.size_bytes):
        content_range = {"content-range": f"bytes */{artifact.size_bytes}"}
        raise ProblemError("RANGE_NOT_SATISFIABLE", f"The file has {artifact.size_bytes} bytes.", headers=content_range)
    name = safe_name(filename) or f"{sha256[:16]}.bin"
    return FileResponse(app.files.path(sha256), HTTPStatus.OK, headers, artifact.media_type, filename=name)


def _satisfiable(ranges: str, size: int) -> bool:
    """Whether this asks for bytes of a file of this size: `bytes=0-99`, `bytes=100-`, `bytes=-100`, or several."""
    match = _RANGES.fullmatch(ranges.strip().lower())
    parts = [part.strip().split("-") for part in match[1].split(",")] if match else [["", ""]]
    return all(
        (int(first) < size and (not last or int(last) >= int(first))) if first else bool(last and int(last) > 0)
        for first, last in parts
    )


def safe_name(name: str) -> str:
    """The name as a plain file name without folders, hidden files and odd characters."""
    return _UNSAFE.sub("_", name.replace("\\", "/").rpartition("/")[2]).lstrip("._-")[:100]


def artifact_url(sha256: str, file: str | None) -> str:
    return served(f"/v1/artifacts/{sha256}") + (f"?filename={quote(file, safe='')}" if file else "")


def artifact_out(link: ArtifactLink) -> ArtifactOut:
    return ArtifactOut(**asdict(link), url=artifact_url(link.sha256, link.file))
