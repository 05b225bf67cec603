"""The client for ordinary code. Its twin for asyncio, method for method, is asynchronous.py."""

from collections.abc import Iterator, Mapping
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
from api.client.transport import Transport
from api.client.wire import Json


class Client:
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

    def submit(self, spec: Spec | None = None, **fields: Any) -> "Search":
        """Submit a spec: a mapping, a YAML or JSON file, or just fields, which also replace those of the spec.

        Beside the fields of a spec there are name, labels and priority.
        """
        return Search.of(self._transport, self._transport.run(operations.submit(spec, fields)))

    def check(self, spec: Spec | None = None, **fields: Any) -> Json:
        """What submitting would do, without doing it: the whole spec, the size of its space."""
        return self._transport.run(operations.check(spec, fields))

    def search(self, search_id: str) -> "Search":
        return Search.of(self._transport, self._transport.run(operations.search(search_id)))

    def searches(
        self, *, state: str | None = None, text: str | None = None, order_by: str | None = None
    ) -> Iterator["Search"]:
        """All searches, the newest first unless order_by says "created_at" or "-priority"."""
        for found in self._transport.each(operations.searches(state, text, order_by)):
            yield Search.of(self._transport, found)

    def undelete(self, search_id: str) -> "Search":
        return Search.of(self._transport, self._transport.run(operations.turn(search_id, "undelete")))

    def trial(self, trial_id: str) -> Trial:
        return self._transport.run(operations.trial(trial_id))

    def export(self, export_id: str) -> Export:
        return self._transport.run(operations.find_export(export_id))

    def download(self, artifact: str | Artifact | Export | Finalist | ModelFile, path: str | Path = ".") -> Path:
        """Write a file whole, or not at all; its content is checked against its digest."""
        return self._transport.run(download(artifact, Path(path)))

    def catalogue(self) -> Json:
        """Every plugin there is, with its parameters as JSON schema."""
        return self._transport.run(operations.catalogue())

    def schema(self) -> Json:
        """The JSON schema of what is submitted."""
        return self._transport.run(operations.schema())

    def spaces(self) -> list[Json]:
        return self._transport.run(operations.listed("spaces"))

    def space(self, name: str) -> Json:
        return self._transport.run(operations.one("spaces", name))

    def check_space(self, space: str | Json) -> Json:
        return self._transport.run(operations.check_space(space))

    def decode(self, space: str | Json, choices: Json | None = None, *, seed: int = 0) -> Json:
        """The member of a space that some choices make; without choices a random one."""
        return self._transport.run(operations.decode(space, choices, seed))

    def devices(self) -> list[Json]:
        return self._transport.run(operations.listed("devices"))

    def device(self, name: str) -> Json:
        return self._transport.run(operations.one("devices", name))

    def estimate(self, device: str, network: str | Mapping[str, Any]) -> Estimate:
        """The latency of a network, given as notation or as an architecture, on a device that was measured."""
        return self._transport.run(operations.estimate(device, network))

    def datasets(self) -> list[Json]:
        return self._transport.run(operations.listed("datasets"))

    def upload(self, source: str | Path) -> Json:
        """Send images, a folder or archive of one folder a class; the answer is the `dataset` of a spec."""
        return self._transport.run(upload(Path(source)))


class Search(SearchValue):
    """A search and what can be done with it. What changes it returns the search as it is then."""

    _transport: Transport = PrivateAttr()

    @classmethod
    def of(cls, transport: Transport, value: Json) -> Self:
        """The search that the service describes so, reached by this transport."""
        return cls.model_validate(value, context=transport)

    def model_post_init(self, context: Any, /) -> None:
        self._transport = context

    def refresh(self) -> "Search":
        return Search.of(self._transport, self._transport.run(operations.search(self.id)))

    def wait(self, timeout_s: float | None = None) -> "Search":
        """The search once it has ended, however it ends. WaitTimeoutError if it takes longer."""
        return Search.of(self._transport, self._transport.run(operations.wait_search(self.id, timeout_s)))

    def watch(self, after: int = 0) -> Iterator[Event]:
        """Its events from the first, or after a sequence number, each once and in order, until it has ended."""
        return self._transport.each(operations.watch(self.id, after))

    def trials(self, *, state: str | None = None) -> Iterator[Trial]:
        return self._transport.each(operations.trials(self.id, state))

    def trial(self, number: int) -> Trial:
        return self._transport.run(operations.trial(f"{self.id}.{number}"))

    def columns(self, after_seq: int | None = None) -> dict[str, list[Any]]:
        """All trials as parallel lists; with after_seq those that changed since."""
        return self._transport.run(operations.columns(self.id, after_seq))

    def to_pandas(self) -> Any:
        """All trials as a pandas.DataFrame. MissingPackageError without pandas."""
        return frame(self.columns())

    def pareto(self) -> Pareto:
        return self._transport.run(operations.pareto(self.id))

    def artifacts(self) -> list[Artifact]:
        return self._transport.run(operations.artifacts(self.id))

    def logs(self, after: int = 0, *, trial: int | None = None) -> Iterator[Json]:
        """Lines of the log of the search or of one of its trials: {"n", "at", "trial", "text"}."""
        return self._transport.each(operations.logs(self.id, trial, after))

    def update(self, **fields: Any) -> "Search":
        """Change name, labels, max_trials or priority."""
        return Search.of(self._transport, self._transport.run(operations.change(self.id, fields)))

    def pause(self) -> "Search":
        return self._verb("pause")

    def resume(self) -> "Search":
        return self._verb("resume")

    def cancel(self) -> "Search":
        return self._verb("cancel")

    def fork(self, **changes: Any) -> "Search":
        """A new search from this one's spec, with fields changed."""
        return Search.of(self._transport, self._transport.run(operations.fork(self.id, changes)))

    def delete(self) -> None:
        """Delete a search that has ended or is paused; Client.undelete brings it back."""
        self._transport.run(operations.delete_search(self.id))

    def export(
        self, trial: int, *, epochs: int | None = None, file_format: str = "onnx", timeout_s: float | None = None
    ) -> Export:
        """The trial as a file, of ONNX or of a runtime: asked for, and waited for. WaitTimeoutError leaves it going on.

        file_format: onnx, tflite, pte or ncnn.
        """
        return self._transport.run(operations.export(f"{self.id}.{trial}", file_format, epochs, timeout_s))

    def download(self, artifact: str | Artifact | Export | Finalist | ModelFile, path: str | Path = ".") -> Path:
        """As Client.download."""
        return self._transport.run(download(artifact, Path(path)))

    def _verb(self, verb: str) -> "Search":
        return Search.of(self._transport, self._transport.run(operations.turn(self.id, verb)))
