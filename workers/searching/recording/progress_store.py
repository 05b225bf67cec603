"""Where work on a search keeps its results so that it can be resumed: a folder, or the ledger."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from nas.jobs.records import Json, TrainingKey
from nas.search.earlier import EarlierSearch
from nas.search.lines import Journal
from nas.spec import SearchSpec


class ResultStore(Protocol):
    """What is kept of work on a search, for a later call to go on with it.

    path: a folder for checkpoints and files. It may be empty after a restart on another machine.
    """

    @property
    def path(self) -> Path: ...

    def known(self, name: str) -> Any:
        """The JSON value kept under this name, or None."""

    def keep(self, name: str, value: Any) -> Any:
        """Keep a JSON value for a later call; returns it."""

    def paces(self) -> list[Json]:
        """What earlier searches on this machine have kept under nas.jobs.rows.PACE, the newest first."""

    def cached_training(self, key: TrainingKey) -> dict[str, Any] | None:
        """The result of an earlier training of any search, or None. "model" is the content of its file."""

    def store_training(self, key: TrainingKey, metrics: dict[str, Any], model: bytes | None = None) -> None:
        """Keep the result of a training for later searches."""

    def shared_state(self, key: TrainingKey) -> bytes | None:
        """What an evaluator's prepare() returned in an earlier search under this key, or None."""

    def share_state(self, key: TrainingKey, content: bytes) -> None:
        """Keep it for later searches."""

    def fetch(self, name: str, sha256: str) -> Path | None:
        """The published file of this name and content, brought back to path if need be; None if it is lost."""

    def teacher_file(self, model: str) -> Path | None:
        """The path of the file that a spec names as its teacher; None if it is lost."""

    def publish(self, kind: str, name: str, trial: int | None = None) -> None:
        """Make the complete file of this name in path available to the user."""


class ProgressStore(ResultStore, Protocol):
    """What a search needs to be resumed."""

    @property
    def journal(self) -> Journal: ...

    def earlier(self, spec: SearchSpec, recipe: Sequence[Any]) -> tuple[list[EarlierSearch], list[str]]:
        """The searches that spec.warm_start names, and those of them that are gone meanwhile.

        recipe: of the search's evaluator, as nas.search.earlier.EVALUATOR says.
        """

    def earlier_files(self, spec: SearchSpec) -> Iterable[tuple[str, bytes]]:
        """The .onnx files of finalists of the searches that spec.warm_start names, with their names, for people."""
