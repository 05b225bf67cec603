"""One file out of a multipart body, written as it arrives: nothing is kept in memory or in a second place."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anyio import to_thread
from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from api.http.problems import FieldFault, ProblemError


@dataclass(frozen=True, slots=True)
class Received:
    """A file that has arrived: its digest, and its name as the client has sent it."""

    sha256: str
    name: str


def file_body(field: str, about: str) -> dict[str, Any]:
    """How a route with such a body describes it in OpenAPI."""
    file = {"type": "string", "format": "binary", "description": about}
    schema = {"type": "object", "properties": {field: file}, "required": [field]}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


async def receive_file(request: Request, field: str, path: Path, count: Callable[[int], None]) -> Received:
    """Write the file in a field of the body to path. Other fields are ignored.

    count: called with the bytes of the body, before they are read where their number is declared; it may refuse them.
    ProblemError if the body has no such field, or several, or is not multipart/form-data.
    """
    media, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if media != b"multipart/form-data" or not boundary:
        raise ProblemError("MEDIA_TYPE_UNSUPPORTED", "This address accepts multipart/form-data with a boundary.")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal():
        count(int(declared))
    file = await to_thread.run_sync(path.open, "xb")
    with file:
        part = _Part(field)
        digest = hashlib.sha256()

        def keep(chunk: bytes) -> None:
            digest.update(chunk)
            file.write(chunk)

        try:
            parser = part.parser(boundary)
            async for chunk in request.stream():
                if not declared.isdecimal():
                    count(len(chunk))
                parser.write(chunk)
                if arrived := part.taken():
                    await to_thread.run_sync(keep, arrived)
        except (FormParserError, ClientDisconnect):
            raise _wrong(field, "the multipart body is malformed") from None
    if not part.ended:
        raise _wrong(field, "the multipart body is cut off")
    if part.count != 1:
        raise _wrong(field, f"{part.count} such files in the body; send one")
    return Received(digest.hexdigest(), part.name)


class _Part:
    """The callbacks of a parser: they keep the bytes of one field until these are taken."""

    def __init__(self, field: str) -> None:
        self.count = 0
        self.name = ""
        self._field = field.encode()
        self._header, self._value = b"", b""
        self.ended = False
        self._ours = False
        self._arrived: list[bytes] = []

    def parser(self, boundary: bytes) -> MultipartParser:
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._on_header,
                "on_header_value": self._on_value,
                "on_header_end": self._on_header_end,
                "on_part_data": self._on_data,
                "on_end": self._end,
            },
        )

    def taken(self) -> bytes:
        arrived, self._arrived = b"".join(self._arrived), []
        return arrived

    def _end(self) -> None:
        self.ended = True

    def _begin(self) -> None:
        self._ours = False

    def _on_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            _, options = parse_options_header(self._value)
            self._ours = options.get(b"name") == self._field
            self.count += self._ours
            if self._ours:
                self.name = options.get(b"filename", b"").decode(errors="replace")
        self._header = self._value = b""

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._ours and self.count == 1:
            self._arrived.append(data[start:end])


def _wrong(field: str, message: str) -> ProblemError:
    return ProblemError("REQUEST_INVALID", f"{field}: {message}", errors=[FieldFault(field, message)])
