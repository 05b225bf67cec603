"""A search and what can be done with it, for both clients."""

from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from pydantic import PrivateAttr

from api.client.frames import frame
from api.client.objects import Pareto, SearchValue, SingleTrial, Trial
from api.client.operation import Awaitable, Blocking, Operation, Streaming
from api.client.steps import Downloadable, at, change, delete, download, events, get, log_lines, pages, post, wait
from api.client.transport import AsyncTransport, Transport
from api.client.wire import Json, Steps, Stream, creation
from api.schemas.trial import ArtifactOut, EventOut, ExportOut

S = TypeVar("S")


class SearchOperations(Generic[S]):
    """What changes the search returns the search as it is then. S: the kind of search that is returned."""

    id: str

    def _search(self, value: Json) -> S:
        raise NotImplementedError

    @Operation
    def refresh(self) -> Steps[S]:
        return self._search((yield from get(at("searches", self.id))))

    @Operation
    def wait(self, timeout_s: float | None = None) -> Steps[S]:
        """The search once it has ended, however it ends. WaitTimeoutError if it takes longer."""
        return self._search((yield from wait(at("searches", self.id), timeout_s)))

    @Streaming
    def watch(self, after: int = 0) -> Stream[EventOut]:
        """Its events from the first, or after a sequence number, each once and in order, until it has ended."""
        return events(at("searches", self.id), after)

    @Streaming
    def trials(self, *, state: str | None = None) -> Stream[Trial]:
        return pages(at("searches", self.id, "trials"), Trial.model_validate, state=state)

    @Operation
    def trial(self, number: int) -> Steps[SingleTrial]:
        return SingleTrial.model_validate((yield from get(at("trials", f"{self.id}.{number}"))))

    @Operation
    def columns(self, after_seq: int | None = None) -> Steps[dict[str, list[Any]]]:
        """All trials as parallel lists; with after_seq those that changed since."""
        return _columns(self.id, after_seq)

    @Operation
    def to_pandas(self) -> Steps[Any]:
        """All trials as a pandas.DataFrame. MissingPackageError without pandas."""
        return frame((yield from _columns(self.id)))

    @Operation
    def pareto(self, *metrics: str) -> Steps[Pareto]:
        """The front of latency and accuracy, or of these metrics."""
        found = yield from get(at("searches", self.id, "pareto"), metric=list(metrics) or None)
        return Pareto.model_validate(found)

    @Operation
    def artifacts(self) -> Steps[list[ArtifactOut]]:
        found = yield from get(at("searches", self.id, "artifacts"))
        return [ArtifactOut.model_validate(item) for item in found["items"]]

    @Streaming
    def logs(self, after: int = 0, *, trial: int | None = None) -> Stream[Json]:
        """Lines of the log of the search or of one of its trials: {"n", "at", "trial", "text"}."""
        of = ("searches", self.id) if trial is None else ("trials", f"{self.id}.{trial}")
        return log_lines(at(*of, "logs"), after)

    @Operation
    def update(self, /, **fields: Any) -> Steps[S]:
        """Change name, labels, max_trials or priority."""
        return self._search((yield from change(at("searches", self.id), fields)))

    @Operation
    def pause(self) -> Steps[S]:
        return self._search((yield from post(at("searches", self.id, action="pause"))))

    @Operation
    def resume(self) -> Steps[S]:
        return self._search((yield from post(at("searches", self.id, action="resume"))))

    @Operation
    def cancel(self) -> Steps[S]:
        return self._search((yield from post(at("searches", self.id, action="cancel"))))

    @Operation
    def fork(self, /, **changes: Any) -> Steps[S]:
        """A new search from this one's spec, with fields changed."""
        return self._search((yield from post(at("searches", self.id, action="fork"), changes, headers=creation())))

    @Operation
    def delete(self) -> Steps[None]:
        """Delete a search that has ended or is paused; the client's `undelete` brings it back."""
        return delete(at("searches", self.id))

    @Operation
    def export(
        self, trial: int, *, epochs: int | None = None, file_format: str = "onnx", timeout_s: float | None = None
    ) -> Steps[ExportOut]:
        """The trial as a file, of ONNX or of a runtime: asked for, and waited for. WaitTimeoutError leaves it going on.

        file_format: onnx, tflite, pte or ncnn. Asking again finds the same export.
        """
        wanted = {"format": file_format, "epochs": epochs}
        asked = yield from post(at("trials", f"{self.id}.{trial}", action="export"), wanted)
        return ExportOut.model_validate((yield from wait(at("exports", asked["id"]), timeout_s)))

    @Operation
    def download(self, artifact: Downloadable, path: str | Path = ".") -> Steps[Path]:
        """As the client's `download`."""
        return download(artifact, Path(path))


def _columns(search_id: str, after_seq: int | None = None) -> Steps[dict[str, list[Any]]]:
    found = yield from get(at("searches", search_id, "trials", action="columns"), after_seq=after_seq)
    columns: dict[str, list[Any]] = found["columns"]
    return columns


class Search(SearchValue, SearchOperations["Search"], Blocking):
    """A search, and what can be done with it. What changes it returns the search as it is then."""

    _transport: Transport = PrivateAttr()

    @classmethod
    def of(cls, transport: Transport, value: Json) -> Self:
        """The search that the service describes so, reached by this transport."""
        return cls.model_validate(value, context=transport)

    def model_post_init(self, context: Any, /) -> None:
        self._transport = context

    def _search(self, value: Json) -> "Search":
        return Search.of(self._transport, value)


class AsyncSearch(SearchValue, SearchOperations["AsyncSearch"], Awaitable):
    """As Search, with methods to await."""

    _transport: AsyncTransport = PrivateAttr()

    @classmethod
    def of(cls, transport: AsyncTransport, value: Json) -> Self:
        """The search that the service describes so, reached by this transport."""
        return cls.model_validate(value, context=transport)

    def model_post_init(self, context: Any, /) -> None:
        self._transport = context

    def _search(self, value: Json) -> "AsyncSearch":
        return AsyncSearch.of(self._transport, value)
