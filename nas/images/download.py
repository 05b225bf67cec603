"""Downloading a file over HTTP, either completely or with an error."""

import hashlib
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from nas.errors import DataError

TIMEOUT_S = 30.0
CHUNK_BYTES = 1 << 18

Progress = Callable[[str, int, int | None], None]
"""Called with the URL, the bytes that have arrived, and the bytes in all if the server has stated them."""


def download(url: str, to: Path, progress: Progress, md5: str | None = None) -> None:
    """Write what url serves to a file. DataError gives the URL and what went wrong; the file must not be used then."""
    if urlsplit(url).scheme not in {"http", "https"}:
        raise DataError(f"{url}: only http and https addresses can be downloaded")
    digest = hashlib.md5(usedforsecurity=False)
    with to.open("wb") as file:
        for chunk in _chunks(url, progress):
            file.write(chunk)
            digest.update(chunk)
    if md5 is not None and digest.hexdigest() != md5:
        raise DataError(f"{url}: another file than expected (md5 {digest.hexdigest()}, not {md5})")


def _chunks(url: str, progress: Progress) -> Iterator[bytes]:
    request = Request(url, headers={"User-Agent": "nas"})  # noqa: S310 - the caller checked the scheme
    arrived, expected = 0, None
    try:
        with urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310 - the caller checked the scheme
            length = response.headers.get("Content-Length")
            expected = None if length is None else int(length)
            while chunk := response.read(CHUNK_BYTES):
                arrived += len(chunk)
                progress(url, arrived, expected)
                yield chunk
    except (OSError, HTTPException) as fault:
        raise DataError(f"{url}: {fault}") from fault
    if expected is not None and arrived != expected:
        raise DataError(f"{url}: the connection ended after {arrived:,} of {expected:,} bytes")
