"""The two clients. Their methods are written once, as steps."""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from api.client.objects import SingleTrial
from api.client.operation import Awaitable, Blocking, Operation, Streaming
from api.client.search import AsyncSearch, Search
from api.client.steps import Downloadable, Spec, at, body, download, get, pages, post, upload
from api.client.transport import AsyncTransport, Transport
from api.client.wire import Json, Steps, Stream, creation
from api.schemas.device import LatencyEstimate
from api.schemas.trial import ExportOut

S = TypeVar("S")


class ClientOperations(Generic[S]):
    """What a service can be asked for. S: the kind of search that is returned."""

    def _search(self, value: Json) -> S:
        raise NotImplementedError

    @Operation
    def submit(self, /, spec: Spec | None = None, **fields: Any) -> Steps[S]:
        """Submit a spec: a mapping, a YAML or JSON file, or just fields, which also replace those of the spec.

        Beside the fields of a spec there are name, labels and priority.
        """
        return self._search((yield from post(at("searches"), body(spec, fields), headers=creation())))

    @Operation
    def check(self, /, spec: Spec | None = None, **fields: Any) -> Steps[Json]:
        """What submitting would do, without doing it: the whole spec, the size of its space."""
        return post(at("searches"), body(spec, fields), validate_only="true")

    @Operation
    def search(self, search_id: str) -> Steps[S]:
        return self._search((yield from get(at("searches", search_id))))

    @Streaming
    def searches(self, *, state: str | None = None, text: str | None = None, order_by: str | None = None) -> Stream[S]:
        """All searches, the newest first unless order_by says "created_at" or "-priority"."""
        return pages(at("searches"), self._search, state=state, text=text, order_by=order_by)

    @Operation
    def undelete(self, search_id: str) -> Steps[S]:
        return self._search((yield from post(at("searches", search_id, action="undelete"))))

    @Operation
    def trial(self, trial_id: str) -> Steps[SingleTrial]:
        return SingleTrial.model_validate((yield from get(at("trials", trial_id))))

    @Operation
    def export(self, export_id: str) -> Steps[ExportOut]:
        return ExportOut.model_validate((yield from get(at("exports", export_id))))

    @Operation
    def download(self, artifact: Downloadable, path: str | Path = ".") -> Steps[Path]:
        """Write a file whole, or not at all; its content is checked against its digest."""
        return download(artifact, Path(path))

    @Operation
    def catalogue(self) -> Steps[Json]:
        """Every plugin there is, with its parameters as JSON schema."""
        return get(at("catalogue"))

    @Operation
    def schema(self) -> Steps[Json]:
        """The JSON schema of what is submitted."""
        return get(at("schemas", "search"))

    @Operation
    def spaces(self) -> Steps[list[Json]]:
        return _items("spaces")

    @Operation
    def space(self, name: str) -> Steps[Json]:
        return get(at("spaces", name))

    @Operation
    def check_space(self, space: str | Json) -> Steps[Json]:
        return post(at("spaces", action="check"), {"space": space})

    @Operation
    def decode(self, space: str | Json, choices: Json | None = None, *, seed: int = 0) -> Steps[Json]:
        """The member of a space that some choices make; without choices a random one."""
        return post(at("spaces", action="decode"), {"space": space, "choices": choices, "seed": seed})

    @Operation
    def devices(self) -> Steps[list[Json]]:
        return _items("devices")

    @Operation
    def device(self, name: str) -> Steps[Json]:
        return get(at("devices", name))

    @Operation
    def estimate(self, device: str, network: str | Mapping[str, Any]) -> Steps[LatencyEstimate]:
        """The latency of a network, given as notation or as an architecture, on a device that was measured."""
        form = "network" if isinstance(network, str) else "architecture"
        found = yield from post(at("latency", action="estimate"), {"device": device, form: network})
        return LatencyEstimate.model_validate(found)

    @Operation
    def datasets(self) -> Steps[list[Json]]:
        return _items("datasets")

    @Operation
    def upload(self, source: str | Path) -> Steps[Json]:
        """Send images, a folder or archive of one folder a class; the answer is the `dataset` of a spec."""
        return upload(Path(source))


def _items(kind: str) -> Steps[list[Json]]:
    found: list[Json] = (yield from get(at(kind)))["items"]
    return found


class Client(ClientOperations[Search], Blocking):
    """A service at url with an API key; else as NAS_URL and NAS_API_KEY say.

    Calls are repeated for patience_s seconds while the service cannot be reached or is busy; nothing is made twice.
    Every call may raise ApiError (refused) or UnreachableError.
    """

    def __init__(self, url: str | None = None, key: str | None = None, *, patience_s: float = 30.0) -> None:
        self._transport = Transport(url, key, patience_s)

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
