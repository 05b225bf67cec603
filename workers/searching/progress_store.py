"""Where a search keeps what it has done: a folder, or the ledger."""

from pathlib import Path
from typing import Any, Protocol

from nas.jobs.records import TrainingKey
from nas.loop import Journal


class Place(Protocol):
    """What a search needs to go on from where it was stopped.

    path: a folder for checkpoints and files, which may be empty again after a restart on another machine.
    """

    @property
    def path(self) -> Path: ...

    @property
    def journal(self) -> Journal: ...

    def known(self, name: str) -> Any:
        """The JSON value kept under this name, or None."""

    def keep(self, name: str, value: Any) -> Any:
        """Keep a JSON value for a later call; returns it."""

    def recall(self, key: TrainingKey) -> dict[str, Any] | None:
        """What an earlier training of the same, in any search, has come to. "model" is the content of its file."""

    def remember(self, key: TrainingKey, metrics: dict[str, Any], model: bytes | None = None) -> None:
        """Keep a finished training for every later search."""

    def publish(self, kind: str, name: str, trial: int | None = None) -> None:
        """Hand out the file of this name in path, which is whole now."""
