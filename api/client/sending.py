"""Images and teachers that a client sends: not those that the service has, and images piece by piece."""

import gzip
import hashlib
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

from api.client.errors import ApiError
from api.client.transport import Transport
from api.client.wire import Json, Request, content

if TYPE_CHECKING:
    from api.uploading.content import Files

PIECE_BYTES = 8 << 20
NOT_FOUND = 404

OnDamaged = Literal["refuse", "skip"]
"""Whether images that cannot be read are an error, or are left out and told."""

Progress = Callable[[int, int], None]
"""Called with the bytes of an archive that have arrived, and all of them."""


def unheard(arrived: int, total: int) -> None:
    """Nobody is told."""


def file_field(field: str, path: Path) -> dict[str, tuple[str, bytes]]:
    """A file that fits into memory as the field of a body."""
    return {field: (path.name, path.read_bytes())}


async def upload(
    transport: Transport, source: Path, progress: Progress = unheard, on_damaged: OnDamaged = "refuse"
) -> Json:
    """The data set of a folder of class folders, or of an archive of one, sent as far as the service lacks it.

    Called again after it was cut off, it goes on where it was. on_damaged: `refuse` or `skip`. DataError if the folder
    has no class folders, or names pictures that cannot be read. The notes of the answer tell what was not sent.
    """
    from api.uploading.content import content_digest, folder_files, folder_notes  # noqa: PLC0415 - it needs numpy

    files = folder_files(source, on_damaged)
    known = None if files is None else await _known(transport, content_digest(files))
    here = folder_notes(source)  # of what is not sent
    if known is not None:
        return known | {"notes": [*known.get("notes", ()), *here]}
    with _archive(source, files or {}) as archive:
        sent = await _sent(transport, archive, {"title": title_of(source), "on_damaged": on_damaged}, progress)
    return sent | {"notes": [*sent.get("notes", ()), *here]}


async def send_teacher(transport: Transport, source: Path) -> Json:
    """The teacher in an .onnx file, sent unless the service has it; `model` of it goes into a spec's `teacher`."""
    field = file_field("model", source)
    name, model = field["model"]
    try:
        return await transport.get(f"/v1/teachers/{hashlib.sha256(model).hexdigest()}", name=name)
    except ApiError as error:
        if error.status != NOT_FOUND:
            raise
    return content(await transport.answered(Request("POST", "/v1/teachers", files=field)))


def title_of(source: Path) -> str:
    """What a folder or an archive is called, for people."""
    return source.resolve().name


async def _known(transport: Transport, sha256: str) -> Json | None:
    """The data set of a digest, of its pictures or its archive; None if the service has it not."""
    try:
        return await transport.get(f"/v1/datasets/{sha256}")
    except ApiError as error:
        if error.status != NOT_FOUND:
            raise
        return None


async def _sent(transport: Transport, archive: IO[bytes], wanted: Mapping[str, str], progress: Progress) -> Json:
    """The data set of an archive. What the service has of it from an earlier try is not sent again."""
    sha256 = _digest(archive)
    known = await _known(transport, sha256)
    if known is not None:
        return known
    total = archive.seek(0, 2)
    arrived, piece = 0, b"" if total > PIECE_BYTES else _piece(archive, 0)  # an empty one asks what is there
    while True:
        params = {"start": arrived, "size_bytes": total, **wanted}
        files = {"archive": (wanted["title"], piece)}
        request = Request("PUT", f"/v1/datasets/{sha256}/archive", params, files=files)
        answer = content(await transport.answered(request))
        if "received_bytes" not in answer:
            progress(total, total)
            return answer
        arrived = answer["received_bytes"]
        progress(arrived, total)
        piece = _piece(archive, arrived)


def _piece(archive: IO[bytes], start: int) -> bytes:
    archive.seek(start)
    return archive.read(PIECE_BYTES)


def _digest(archive: IO[bytes]) -> str:
    archive.seek(0)
    return hashlib.file_digest(archive, "sha256").hexdigest()  # type: ignore[arg-type]  # any file that is seekable


@contextmanager
def _archive(source: Path, files: "Files") -> Iterator[IO[bytes]]:
    """The archive, or one of these files in the folder: the same bytes each time, so that sending it can go on."""
    if source.is_file():
        with source.open("rb") as archive:
            yield archive
        return
    with tempfile.TemporaryFile() as packed:
        with (
            gzip.GzipFile("", "wb", compresslevel=1, fileobj=packed, mtime=0) as zipped,
            tarfile.open(fileobj=zipped, mode="w") as archive,
        ):
            for file in sorted(file for classes in files.values() for chosen in classes.values() for file in chosen):
                member = tarfile.TarInfo(file.relative_to(source).as_posix())
                member.size = file.stat().st_size
                with file.open("rb") as read:
                    archive.addfile(member, read)
        yield packed
