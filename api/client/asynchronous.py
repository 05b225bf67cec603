"""The client for asyncio. Its twin for ordinary code, method for method, is sync.py."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import PrivateAttr

from api.client import operations
from api.client.frames import frame
from api.client.objects import (
    Artifact,
    Estimate,
    Event,
    Export,
    Finalist,
    ModelFile,
    Pareto,
    SearchValue,
    Trial,
)
from api.client.scripts import Spec, download, upload
from api.client.transport import AsyncTransport
from api.client.wire import Json


class AsyncClient:
    """A service at url with an API key; else as NAS_URL and NAS_API_KEY say.

    Calls are repeated for patience_s seconds while the service cannot be reached or is busy; nothing is made twice.
    Every call may raise ApiError (refused) or UnreachableError.
    """

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

    async def submit(self, spec: Spec | None = None, **fields: Any) -> "AsyncSearch":
        """Submit a spec: a mapping, a YAML or JSON file, or just fields, which also replace those of the spec.

        Beside the fields of a spec there are name, labels and priority.
        """
        return AsyncSearch.of(self._transport, await self._transport.run(operations.submit(spec, fields)))

    async def check(self, spec: Spec | None = None, **fields: Any) -> Json:
        """What submitting would do, without doing it: the whole spec, the size of its space."""
        return await self._transport.run(operations.check(spec, fields))

    async def search(self, search_id: str) -> "AsyncSearch":
        return AsyncSearch.of(self._transport, await self._transport.run(operations.search(search_id)))

    async def searches(
        self, *, state: str | None = None, text: str | None = None, order_by: str | None = None
    ) -> AsyncIterator["AsyncSearch"]:
        """All searches, the newest first unless order_by says "created_at" or "-priority"."""
        async for found in self._transport.each(operations.searches(state, text, order_by)):
            yield AsyncSearch.of(self._transport, found)

    async def undelete(self, search_id: str) -> "AsyncSearch":
        return AsyncSearch.of(self._transport, await self._transport.run(operations.turn(search_id, "undelete")))

    async def trial(self, trial_id: str) -> Trial:
        return await self._transport.run(operations.trial(trial_id))

    async def export(self, export_id: str) -> Export:
        return await self._transport.run(operations.find_export(export_id))

    async def download(self, artifact: str | Artifact | Export | Finalist | ModelFile, path: str | Path = ".") -> Path:
        """Write a file whole, or not at all; its content is checked against its digest."""
        return await self._transport.run(download(artifact, Path(path)))

    async def catalogue(self) -> Json:
        """Every plugin there is, with its parameters as JSON schema."""
        return await self._transport.run(operations.catalogue())

    async def schema(self) -> Json:
        """The JSON schema of what is submitted."""
        return await self._transport.run(operations.schema())

    async def spaces(self) -> list[Json]:
        return await self._transport.run(operations.listed("spaces"))

    async def space(self, name: str) -> Json:
        return await self._transport.run(operations.one("spaces", name))

    async def check_space(self, space: str | Json) -> Json:
        return await self._transport.run(operations.check_space(space))

    async def decode(self, space: str | Json, choices: Json | None = None, *, seed: int = 0) -> Json:
        """The member of a space that some choices make; without choices a random one."""
        return await self._transport.run(operations.decode(space, choices, seed))

    async def devices(self) -> list[Json]:
        return await self._transport.run(operations.listed("devices"))

    async def device(self, name: str) -> Json:
        return await self._transport.run(operations.one("devices", name))

    async def estimate(self, device: str, network: str | Mapping[str, Any]) -> Estimate:
        """The latency of a network, given as notation or as an architecture, on a device that was measured."""
        return await self._transport.run(operations.estimate(device, network))

    async def datasets(self) -> list[Json]:
        return await self._transport.run(operations.listed("datasets"))

    async def upload(self, source: str | Path) -> Json:
        """Send images, a folder or archive of one folder a class; the answer is the `dataset` of a spec."""
        return await self._transport.run(upload(Path(source)))


class AsyncSearch(SearchValue):
    """A search and what can be done with it. What changes it returns the search as it is then."""

    _transport: AsyncTransport = PrivateAttr()

    @classmethod
    def of(cls, transport: AsyncTransport, value: Json) -> Self:
        """The search that the service describes so, reached by this transport."""
        return cls.model_validate(value, context=transport)

    def model_post_init(self, context: Any, /) -> None:
        self._transport = context

    async def refresh(self) -> "AsyncSearch":
        return AsyncSearch.of(self._transport, await self._transport.run(operations.search(self.id)))

    async def wait(self, timeout_s: float | None = None) -> "AsyncSearch":
        """The search once it has ended, however it ends. WaitTimeoutError if it takes longer."""
        return AsyncSearch.of(self._transport, await self._transport.run(operations.wait_search(self.id, timeout_s)))

    def watch(self, after: int = 0) -> AsyncIterator[Event]:
        """Its events from the first, or after a sequence number, each once and in order, until it has ended."""
        return self._transport.each(operations.watch(self.id, after))

    def trials(self, *, state: str | None = None) -> AsyncIterator[Trial]:
        return self._transport.each(operations.trials(self.id, state))

    async def trial(self, number: int) -> Trial:
        return await self._transport.run(operations.trial(f"{self.id}.{number}"))

    async def columns(self, after_seq: int | None = None) -> dict[str, list[Any]]:
        """All trials as parallel lists; with after_seq those that changed since."""
        return await self._transport.run(operations.columns(self.id, after_seq))

    async def to_pandas(self) -> Any:
        """All trials as a pandas.DataFrame. MissingPackageError without pandas."""
        return frame(await self.columns())

    async def pareto(self) -> Pareto:
        return await self._transport.run(operations.pareto(self.id))

    async def artifacts(self) -> list[Artifact]:
        return await self._transport.run(operations.artifacts(self.id))

    def logs(self, after: int = 0, *, trial: int | None = None) -> AsyncIterator[Json]:
        """Lines of the log of the search or of one of its trials: {"n", "at", "trial", "text"}."""
        return self._transport.each(operations.logs(self.id, trial, after))

    async def update(self, **fields: Any) -> "AsyncSearch":
        """Change name, labels, max_trials or priority."""
        return AsyncSearch.of(self._transport, await self._transport.run(operations.change(self.id, fields)))

    async def pause(self) -> "AsyncSearch":
        return await self._verb("pause")

    async def resume(self) -> "AsyncSearch":
        return await self._verb("resume")

    async def cancel(self) -> "AsyncSearch":
        return await self._verb("cancel")

    async def fork(self, **changes: Any) -> "AsyncSearch":
        """A new search from this one's spec, with fields changed."""
        return AsyncSearch.of(self._transport, await self._transport.run(operations.fork(self.id, changes)))

    async def delete(self) -> None:
        """Delete a search that has ended or is paused; AsyncClient.undelete brings it back."""
        await self._transport.run(operations.delete_search(self.id))

    async def export(
        self, trial: int, *, epochs: int | None = None, file_format: str = "onnx", timeout_s: float | None = None
    ) -> Export:
        """The trial as a file, of ONNX or of a runtime: asked for, and waited for. WaitTimeoutError leaves it going on.

        file_format: onnx, tflite, pte or ncnn.
        """
        return await self._transport.run(operations.export(f"{self.id}.{trial}", file_format, epochs, timeout_s))

    async def download(self, artifact: str | Artifact | Export | Finalist | ModelFile, path: str | Path = ".") -> Path:
        """As AsyncClient.download."""
        return await self._transport.run(download(artifact, Path(path)))

    async def _verb(self, verb: str) -> "AsyncSearch":
        return AsyncSearch.of(self._transport, await self._transport.run(operations.turn(self.id, verb)))
