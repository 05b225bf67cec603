"""A search and what can be done with it, for both clients."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from pydantic import PrivateAttr

from api.client.calls import Downloadable, at, change, download, events, items, log_lines, pages, wait
from api.client.frames import frame
from api.client.objects import Pareto, SearchValue, SingleTrial, Trial
from api.client.operation import Awaitable, Blocking, Operation, Streaming
from api.client.transport import Transport
from api.client.wire import Json, Request, creation
from api.schemas.front import CorrelationList, CorrelationOut
from api.schemas.trial import ArtifactOut, EventOut, ExportOut
from api.schemas.winner import WinnerOut

S = TypeVar("S")


class SearchOperations(Generic[S]):
    """What changes the search returns the search as it is then. S: the kind of search that is returned."""

    id: str
    _transport: Transport

    def _search(self, value: Json) -> S:
        raise NotImplementedError

    @Operation
    async def refresh(self) -> S:
        return self._search(await self._transport.get(at("searches", self.id)))

    @Operation
    async def wait(self, timeout_s: float | None = None) -> S:
        """The search once it has ended, however it ends. WaitTimeoutError if it takes longer."""
        return self._search(await wait(self._transport, at("searches", self.id), timeout_s))

    @Streaming
    def watch(self, after: int = 0) -> AsyncGenerator[EventOut, None]:
        """Its events from the first, or after a sequence number, each once and in order, until it has ended."""
        return events(self._transport, at("searches", self.id), after)

    @Streaming
    def trials(self, *, state: str | None = None) -> AsyncGenerator[Trial, None]:
        return pages(self._transport, at("searches", self.id, "trials"), Trial.model_validate, state=state)

    @Operation
    async def trial(self, number: int) -> SingleTrial:
        return SingleTrial.model_validate(await self._transport.get(at("trials", f"{self.id}.{number}")))

    @Operation
    async def columns(self, after_seq: int | None = None) -> dict[str, list[Any]]:
        """All trials as parallel lists; with after_seq those that changed since."""
        return await _columns(self._transport, self.id, after_seq)

    @Operation
    async def to_pandas(self) -> Any:
        """All trials as a pandas.DataFrame. MissingPackageError without pandas."""
        return frame(await _columns(self._transport, self.id))

    @Operation
    async def pareto(self, *metrics: str, device: str | None = None) -> Pareto:
        """The front of latency and accuracy, or of these metrics. device: of a search for several, whose latency."""
        query = {"metric": list(metrics) or None, "device": device}
        found = await self._transport.get(at("searches", self.id, "pareto"), **query)
        return Pareto.model_validate(found)

    @Operation
    async def winner(self, target_latency_ms: float | None = None, *, device: str | None = None) -> WinnerOut:
        """The best of the networks trained so far for another target, or on another device that was measured.

        Nothing is trained; by default the target and the first device of the search.
        """
        query = {"target_latency_ms": target_latency_ms, "device": device}
        return WinnerOut.model_validate(await self._transport.get(at("searches", self.id, "winner"), **query))

    @Operation
    async def correlations(self) -> list[CorrelationOut]:
        """How well sizes and zero-cost scores order the trials by their accuracy: Kendall's tau."""
        found = await self._transport.get(at("searches", self.id, "correlations"))
        return CorrelationList.model_validate(found).items

    @Operation
    async def artifacts(self) -> list[ArtifactOut]:
        found = await items(self._transport, at("searches", self.id, "artifacts"))
        return [ArtifactOut.model_validate(item) for item in found]

    @Streaming
    def logs(self, after: int = 0, *, trial: int | None = None) -> AsyncGenerator[Json, None]:
        """Lines of the log of the search or of one of its trials: {"n", "at", "trial", "text"}."""
        of = ("searches", self.id) if trial is None else ("trials", f"{self.id}.{trial}")
        return log_lines(self._transport, at(*of, "logs"), after)

    @Operation
    async def update(self, /, **fields: Any) -> S:
        """Change name, labels, max_trials or priority."""
        return self._search(await change(self._transport, at("searches", self.id), fields))

    @Operation
    async def pause(self) -> S:
        return self._search(await self._transport.post(at("searches", self.id, action="pause")))

    @Operation
    async def resume(self) -> S:
        return self._search(await self._transport.post(at("searches", self.id, action="resume")))

    @Operation
    async def cancel(self) -> S:
        return self._search(await self._transport.post(at("searches", self.id, action="cancel")))

    @Operation
    async def fork(self, /, **changes: Any) -> S:
        """A new search from this one's spec, with fields changed."""
        return self._search(
            await self._transport.post(at("searches", self.id, action="fork"), changes, headers=creation())
        )

    @Operation
    async def retarget(
        self, /, target_latency_ms: float | None = None, *, device: str | None = None, **fields: Any
    ) -> S:
        """A new search for another target or device that scores networks with this one's shared weights.

        Nothing is trained; `winner` of the new search then says who wins. fields: candidates, how many networks are
        scored; name, labels, priority.
        """
        asked = {"target_latency_ms": target_latency_ms, "device": device, **fields}
        path = at("searches", self.id, action="retarget")
        return self._search(await self._transport.post(path, asked, headers=creation()))

    @Operation
    async def delete(self) -> None:
        """Delete a search that has ended or is paused; the client's `undelete` brings it back."""
        await self._transport.answered(Request("DELETE", at("searches", self.id)))

    @Operation
    async def export(
        self,
        trial: int,
        *,
        epochs: int | None = None,
        file_format: str = "onnx",
        model_input: str | None = None,
        compression: Json | None = None,
        timeout_s: float | None = None,
    ) -> ExportOut:
        """The trial as a file, of ONNX or of a runtime: asked for, and waited for. WaitTimeoutError leaves it going on.

        file_format: onnx, tflite, pte or ncnn. model_input: what an .onnx takes, float32 or uint8; None: as the spec
        says. compression: {"preset": NAME} or {"plan": {...}}, with max_bytes, or max_latency_ms and latency_device;
        `files` of the export then are the compressed one and the .onnx that it unpacks to, `report` says what it came
        to. Asking again finds the same export.
        """
        wanted: Json = {"format": file_format, "epochs": epochs, "input": model_input}
        if compression is not None:  # an older service refuses fields that it does not know
            wanted["compression"] = compression
        asked = await self._transport.post(at("trials", f"{self.id}.{trial}", action="export"), wanted)
        return ExportOut.model_validate(await wait(self._transport, at("exports", asked["id"]), timeout_s))

    @Operation
    async def exports(self, trial: int) -> list[ExportOut]:
        """What was asked of a trial by `export`, the oldest first."""
        found = await items(self._transport, at("trials", f"{self.id}.{trial}", "exports"))
        return [ExportOut.model_validate(item) for item in found]

    @Operation
    async def download(self, artifact: Downloadable, path: str | Path = ".") -> Path:
        """As the client's `download`."""
        return await download(self._transport, artifact, Path(path))


async def _columns(transport: Transport, search_id: str, after_seq: int | None = None) -> dict[str, list[Any]]:
    found = await transport.get(at("searches", search_id, "trials", action="columns"), after_seq=after_seq)
    columns: dict[str, list[Any]] = found["columns"]
    return columns


class _ReachableSearch(SearchValue):
    _transport: Transport = PrivateAttr()

    @classmethod
    def of(cls, transport: Transport, value: Json) -> Self:
        """The search that the service describes by this value, reached by this transport."""
        return cls.model_validate(value, context=transport)

    def model_post_init(self, context: Any, /) -> None:
        self._transport = context


class Search(_ReachableSearch, SearchOperations["Search"], Blocking):
    """A search, and what can be done with it. What changes it returns the search as it is then."""

    def _search(self, value: Json) -> "Search":
        return Search.of(self._transport, value)


class AsyncSearch(_ReachableSearch, SearchOperations["AsyncSearch"], Awaitable):
    """As Search, with methods to await."""

    def _search(self, value: Json) -> "AsyncSearch":
        return AsyncSearch.of(self._transport, value)
