"""What the clients' methods are made of: paths, pages, waiting, events, changes, files."""

import hashlib
import logging
import random
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import httpx2

from api.client.errors import ApiError, DamagedError, WaitTimeoutError
from api.client.sending import Progress, send_teacher, upload
from api.client.sse import MessageParser
from api.client.transport import Transport
from api.client.wire import SILENCE_S, Json, Request, content
from api.schemas.front import Finalist, ModelFile
from api.schemas.search import ENDED
from api.schemas.trial import ArtifactOut, EventOut, ExportFile, ExportOut
from nas.files import write_whole
from nas.mapping_file import read_mapping

PAGE_SIZE = 200
POLL_S = 1.0
RESUME_S = 0.5
HELD_POLL_S, POLLS_A_PROBE, PROBE_S = 5.0, 12, 5.0
"""How often to ask where a stream is silent, and how often and for how long to try whether one lives again."""

CHANGE_TRIES = 8
PRECONDITION_FAILED = 412
LOG_LINES = 200

_log = logging.getLogger("nas.client")

T = TypeVar("T")

Spec = Mapping[str, Any] | str | Path
Downloadable = str | ArtifactOut | ExportFile | ExportOut | Finalist | ModelFile
"""A file, or its digest."""


def at(*parts: str, action: str = "") -> str:
    """The path of a resource, or of an action on it."""
    return "/v1/" + "/".join(quote(part, safe="") for part in parts) + (f":{action}" if action else "")


async def items(transport: Transport, path: str) -> list[Json]:
    """All items of a list that has one page."""
    found: list[Json] = (await transport.get(path))["items"]
    return found


async def pages(transport: Transport, path: str, read: Callable[[Json], T], **params: Any) -> AsyncGenerator[T, None]:
    """The items of a list, page after page."""
    token = None
    while True:
        page = await transport.get(path, page_size=PAGE_SIZE, page_token=token, **params)
        for item in page["items"]:
            yield read(item)
        token = page.get("next_page_token")
        if not token:
            return


async def wait(transport: Transport, path: str, timeout_s: float | None) -> Json:
    """The search or export at a path, once it has ended. WaitTimeoutError if that takes longer."""
    until = float("inf") if timeout_s is None else time.monotonic() + timeout_s
    while True:
        found = await transport.get(path)
        if found["state"] in ENDED:
            return found
        left_s = until - time.monotonic()
        if left_s <= 0:
            raise WaitTimeoutError(f"{found['id']} is still {found['state']} after {timeout_s:g} s; it continues")
        await transport.sleep(min(POLL_S, left_s))


async def events(transport: Transport, path: str, after: int) -> AsyncGenerator[EventOut, None]:
    """The events of a search after a sequence number, each once and in order, until it has ended.

    A stream that is cut off is taken up again after the last event that came.
    """
    seq = after
    while True:
        try:
            async with aclosing(_streamed(transport, path, seq)) as found:
                async for event in found:
                    seq = event.seq
                    yield event
                    if event.ends:
                        return
        except httpx2.ReadTimeout:
            _log.warning("no event comes through: a proxy may hold them back; asking every %g s instead", HELD_POLL_S)
            async with aclosing(_polled(transport, path, seq)) as found:
                async for event in found:
                    seq = event.seq
                    yield event
                    if event.ends:
                        return
        except httpx2.TransportError:  # as a stream that ends early: a restart, or the time limit of a proxy
            pass
        search = await transport.get(path)
        if search["state"] in ENDED and search["last_seq"] <= seq:
            return
        await transport.sleep(RESUME_S * random.uniform(0.5, 1.0))


def _stream_request(path: str, after: int) -> Request:
    headers = {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
    return Request("GET", f"{path}/events", {"until_end": "true"}, headers=headers, stream=True, silence_s=SILENCE_S)


async def _streamed(transport: Transport, path: str, after: int) -> AsyncGenerator[EventOut, None]:
    """The events after a sequence number, as they come. httpx2.ReadTimeout where nothing comes."""
    parser = MessageParser()
    async with aclosing(transport.stream(_stream_request(path, after))) as chunks:
        async for chunk in chunks:
            for event in _read(parser, chunk):
                if event.seq > after:
                    after = event.seq
                    yield event


async def _polled(transport: Transport, path: str, after: int) -> AsyncGenerator[EventOut, None]:
    """The same by asking again and again, until a stream lives or the search has ended."""
    probe = replace(_stream_request(path, after), silence_s=PROBE_S)
    while True:
        for _ in range(POLLS_A_PROBE):
            page = await transport.get(f"{path}/events", from_seq=after, format="json")
            for item in page["items"]:
                after = item["seq"]
                yield EventOut.model_validate(item)
            await transport.sleep(HELD_POLL_S)
        try:
            async with aclosing(transport.stream(probe)) as chunks:
                if await anext(chunks, None):
                    return
        except httpx2.TransportError:
            continue


def _read(parser: MessageParser, chunk: bytes) -> Iterator[EventOut]:
    return (EventOut.model_validate_json(message.data) for message in parser.feed(chunk) if message.id)


async def log_lines(transport: Transport, path: str, after: int) -> AsyncGenerator[Json, None]:
    """The lines of a log that are there, page after page."""
    while True:
        page = await transport.get(path, after=after, limit=LOG_LINES)
        for line in page["items"]:
            yield line
        if len(page["items"]) < LOG_LINES:
            return
        after = page["next"]


async def change(transport: Transport, path: str, fields: Mapping[str, Any]) -> Json:
    """Change a search whatever else changed meanwhile: only the fields given are replaced."""
    for tries_left in reversed(range(CHANGE_TRIES)):
        tag = (await transport.answered(Request("GET", path))).headers["ETag"]
        try:
            patch = Request("PATCH", path, json=dict(fields), headers={"If-Match": tag})
            return content(await transport.answered(patch))
        except ApiError as error:
            if error.status != PRECONDITION_FAILED or not tries_left:
                raise
    raise AssertionError("the last try returns or raises")


async def download(transport: Transport, artifact: Downloadable, target: Path) -> Path:
    """Write a file, complete and checked against its digest; into target under its own name if that is a folder."""
    digest = artifact if isinstance(artifact, str) else artifact.sha256
    if digest is None:
        raise DamagedError("there is no file: the export or finalist has not succeeded")
    name = (None if isinstance(artifact, str) else artifact.file) or digest
    response = await transport.answered(Request("GET", f"/v1/artifacts/{digest}"))
    found = hashlib.sha256(response.content).hexdigest()
    if found != digest:
        raise DamagedError(f"{name}: the received file has digest {found}, not {digest}; ask again")
    return _written(response.content, target, Path(name).name)


def _written(data: bytes, target: Path, name: str) -> Path:
    path = target / name if target.is_dir() else target
    write_whole(path, data)
    return path


def body(spec: Spec | None, fields: Mapping[str, Any]) -> Json:
    """What is submitted: a mapping or a file, with single fields replaced. A space in a file is sent along.

    Paths are relative to the file, or without one to the current folder.
    """
    given: Json = {}
    if isinstance(spec, Mapping):
        given = dict(spec)
    elif spec is not None:
        given = read_mapping(Path(spec))
    given |= fields
    space = given.get("space")
    if isinstance(space, str) and Path(space).suffix in {".yaml", ".yml", ".json"}:
        given["space"] = read_mapping(folder_of(spec) / space)
    return given


def folder_of(spec: Spec | None) -> Path:
    """Where the paths of a spec begin."""
    return Path() if spec is None or isinstance(spec, Mapping) else Path(spec).parent


async def with_files(transport: Transport, given: Json, folder: Path, progress: Progress) -> Json:
    """What is submitted, with its images and its teacher on the service: those of this machine are sent there.

    folder: where paths begin. A path that is not there is taken to be one of the service.
    """
    return await _with_images(transport, given | await _with_teacher(transport, given, folder), folder, progress)


async def _with_teacher(transport: Transport, given: Json, folder: Path) -> Json:
    """The teacher of a spec with its file on the service; empty if it has none of this machine."""
    config = given.get("teacher")
    named = dict(config) if isinstance(config, Mapping) else {"model": config}
    source = _local_file(named.get("model"), folder)
    if source is None:
        return {}
    return {"teacher": {**named, "model": (await send_teacher(transport, source))["model"]}}


def _local_file(path: object, folder: Path) -> Path | None:
    source = folder / Path(path).expanduser() if isinstance(path, str) else None
    return source if source and source.is_file() else None


async def _with_images(transport: Transport, given: Json, folder: Path, progress: Progress) -> Json:
    """What is submitted, with its images on the service: a folder or an archive of this machine is sent there."""
    from nas.dataset import resolve  # noqa: PLC0415 - it needs numpy, which a client that only reads has no use for

    config = given.get("dataset")
    named = resolve(config) if isinstance(config, str | Mapping) else {}
    source = _local_images(named, folder)
    if source is None:
        return given
    uploaded = await upload(transport, source, progress, named.get("on_damaged", "refuse"))
    for note in uploaded["notes"]:
        _log.warning("%s: %s", source, note["text"])
    return given | {"dataset": named | {"path": uploaded["path"]}}


def _local_images(config: Json, folder: Path) -> Path | None:
    path = config.get("path")
    if config.get("name") != "folder" or not isinstance(path, str):
        return None
    source = folder / Path(path).expanduser()
    return source if source.exists() else None
