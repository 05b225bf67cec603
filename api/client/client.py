"""The two clients. Their methods are written once, as coroutines."""

from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from api.client.calls import Downloadable, Spec, at, body, download, folder_of, items, pages, with_files
from api.client.inquiries import InquiryOperations
from api.client.objects import SingleTrial
from api.client.operation import Awaitable, Blocking, Operation, Streaming
from api.client.search import AsyncSearch, Search
from api.client.sending import OnDamaged, Progress, file_field, send_teacher, unheard, upload
from api.client.transport import AsyncTransport, BlockingTransport
from api.client.wire import Json, Request, content, creation
from api.schemas.device import LatencyEstimate
from api.schemas.trial import ExportOut

S = TypeVar("S")


class ClientOperations(InquiryOperations, Generic[S]):
    """What a service can be asked for. S: the kind of search that is returned."""

    def _search(self, value: Json) -> S:
        raise NotImplementedError

    @Operation
    async def submit(self, /, spec: Spec | None = None, **fields: Any) -> S:
        """Submit a spec: a mapping, a YAML or JSON file, or just fields, which also replace those of the spec.

        Beside the fields of a spec there are name, labels and priority. Images in a folder or an archive of this
        machine are sent first.
        """
        sent = await with_files(self._transport, body(spec, fields), folder_of(spec), unheard)
        return self._search(await self._transport.post(at("searches"), sent, headers=creation()))

    @Operation
    async def prepared(self, /, spec: Spec | None = None, progress: Progress = unheard, **fields: Any) -> Json:
        """What submit() would submit, its images and its teacher sent; progress is called with the bytes of images that
        arrived, and all.
        """
        return await with_files(self._transport, body(spec, fields), folder_of(spec), progress)

    @Operation
    async def check(self, /, spec: Spec | None = None, **fields: Any) -> Json:
        """What submitting would do, without doing it: the whole spec, the size of its space."""
        return await self._transport.post(at("searches"), body(spec, fields), validate_only="true")

    @Operation
    async def search(self, search_id: str) -> S:
        return self._search(await self._transport.get(at("searches", search_id)))

    @Streaming
    def searches(
        self, *, state: str | None = None, text: str | None = None, order_by: str | None = None
    ) -> AsyncGenerator[S, None]:
        """All searches, the newest first unless order_by says "created_at" or "-priority"."""
        return pages(self._transport, at("searches"), self._search, state=state, text=text, order_by=order_by)

    @Operation
    async def undelete(self, search_id: str) -> S:
        return self._search(await self._transport.post(at("searches", search_id, action="undelete")))

    @Operation
    async def trial(self, trial_id: str) -> SingleTrial:
        return SingleTrial.model_validate(await self._transport.get(at("trials", trial_id)))

    @Operation
    async def export(self, export_id: str) -> ExportOut:
        return ExportOut.model_validate(await self._transport.get(at("exports", export_id)))

    @Operation
    async def download(self, artifact: Downloadable, path: str | Path = ".") -> Path:
        """Write a file whole, or not at all; its content is checked against its digest."""
        return await download(self._transport, artifact, Path(path))

    @Operation
    async def catalogue(self) -> Json:
        """Every plugin there is, with its parameters as JSON schema."""
        return await self._transport.get(at("catalogue"))

    @Operation
    async def presets(self) -> list[Json]:
        """The plans that a compression may name."""
        return await items(self._transport, at("presets"))

    @Operation
    async def compressors(self) -> list[Json]:
        """The stages that the plan of a compression may have, with their parameters as JSON schema."""
        return await items(self._transport, at("compressors"))

    @Operation
    async def schema(self) -> Json:
        """The JSON schema of what is submitted."""
        return await self._transport.get(at("schemas", "search"))

    @Operation
    async def spaces(self) -> list[Json]:
        return await items(self._transport, at("spaces"))

    @Operation
    async def space(self, name: str) -> Json:
        return await self._transport.get(at("spaces", name))

    @Operation
    async def check_space(self, space: str | Json) -> Json:
        return await self._transport.post(at("spaces", action="check"), {"space": space})

    @Operation
    async def decode(self, space: str | Json, choices: Json | None = None, *, seed: int = 0) -> Json:
        """The member of a space that some choices make; without choices a random one."""
        return await self._transport.post(
            at("spaces", action="decode"), {"space": space, "choices": choices, "seed": seed}
        )

    @Operation
    async def devices(self) -> list[Json]:
        return await items(self._transport, at("devices"))

    @Operation
    async def device(self, name: str) -> Json:
        return await self._transport.get(at("devices", name))

    @Operation
    async def estimate(
        self, /, device: str, network: str | Mapping[str, Any] | Path, **parameters: float
    ) -> LatencyEstimate:
        """The latency of a network on a device that was measured: a name, with width, resolution and classes, notation,
        an architecture, or the Path of an ONNX file.
        """
        if isinstance(network, Path):
            path, file = at("latency", action="estimate-file"), file_field("model", network)
            request = Request("POST", path, {"device": device}, files=file)
            return LatencyEstimate.model_validate(content(await self._transport.answered(request)))
        form = "network" if isinstance(network, str) else "architecture"
        body = {"device": device, form: network, **parameters}
        return LatencyEstimate.model_validate(await self._transport.post(at("latency", action="estimate"), body))

    @Operation
    async def datasets(self) -> list[Json]:
        return await items(self._transport, at("datasets"))

    @Operation
    async def disk(self) -> Json:
        """What takes how much of the service's disk, in bytes."""
        return await self._transport.get(at("disk"))

    @Operation
    async def uploads(self) -> list[Json]:
        """The data sets that were uploaded, the newest first."""
        found: list[Json] = (await self._transport.get(at("datasets")))["uploads"]
        return found

    @Operation
    async def uploaded(self, path: str) -> Json:
        """An uploaded data set, given its `path` or its digest."""
        return await self._transport.get(at("datasets", path.rpartition("/")[2]))

    @Operation
    async def delete_upload(self, path: str) -> None:
        """Remove an uploaded data set, given its `path`. ApiError, 409, while a search that is not finished uses it."""
        await self._transport.answered(Request("DELETE", at("datasets", path.rpartition("/")[2])))

    @Operation
    async def upload(
        self,
        source: str | Path,
        progress: Progress = unheard,
        on_damaged: OnDamaged = "refuse",
    ) -> Json:
        """Send images, a folder or archive of one folder a class; the answer has the `dataset` of a spec.

        Pictures that the service has are not sent again, and what was cut off goes on. progress is called with the
        bytes that arrived, and all. on_damaged: whether images that cannot be read are an error, or are left out and
        told.
        """
        return await upload(self._transport, Path(source), progress, on_damaged)

    @Operation
    async def send_teacher(self, model: str | Path) -> Json:
        """Send an ONNX classifier for searches to learn from, unless the service has it.

        The answer's `model` goes into a spec's `teacher`; submit() does that for a file that its spec names.
        """
        return await send_teacher(self._transport, Path(model))


class Client(ClientOperations[Search], Blocking):
    """A service at url with an API key; else as NAS_URL and NAS_API_KEY say.

    Calls are repeated for patience_s seconds while the service cannot be reached or is busy; nothing is made twice.
    Every call may raise ApiError (refused) or UnreachableError.
    """

    def __init__(self, url: str | None = None, key: str | None = None, *, patience_s: float = 30.0) -> None:
        self._transport = BlockingTransport(url, key, patience_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._transport.close()

    def _search(self, value: Json) -> Search:
        return Search.of(self._transport, value)


class AsyncClient(ClientOperations[AsyncSearch], Awaitable):
    """Client for asyncio: the same methods, to await; those that give many values are asynchronous iterators."""

    def __init__(self, url: str | None = None, key: str | None = None, *, patience_s: float = 30.0) -> None:
        self._transport = AsyncTransport(url, key, patience_s)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._transport.close()

    def _search(self, value: Json) -> AsyncSearch:
        return AsyncSearch.of(self._transport, value)
