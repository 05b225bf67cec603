"""Journals of a search: in a file, one JSON value a line, safe on disk before the search goes on; or in memory."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nas.errors import NasError


class FileJournal:
    """Events appended to one file. A line that a crash cut short is removed on opening."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            file.seek(0)
            text = file.read()
            whole = text.rfind(b"\n") + 1
            if whole < len(text):
                file.truncate(whole)
        try:
            self._events = [json.loads(line) for line in text[:whole].splitlines()]
        except ValueError:
            raise NasError(f"{path} is damaged; move the folder away and start again") from None

    def events(self) -> list[Mapping[str, Any]]:
        return list(self._events)

    def add(self, event: Mapping[str, Any]) -> None:
        """Append an event, on disk when this returns. OSError, and no partial line, if it cannot be written."""
        line = json.dumps(event, allow_nan=False).encode() + b"\n"
        with self._path.open("ab", buffering=0) as file:  # a buffer would be written again before a truncation
            before = file.seek(0, os.SEEK_END)
            try:
                written = 0
                while written < len(line):
                    written += file.write(line[written:])
                os.fsync(file.fileno())
            except OSError as error:
                file.truncate(before)
                raise OSError(error.errno, error.strerror, str(self._path)) from error
        self._events.append(dict(event))


class MemoryJournal:
    """Events that end with the process."""

    def __init__(self) -> None:
        self._events: list[Mapping[str, Any]] = []

    def events(self) -> list[Mapping[str, Any]]:
        return list(self._events)

    def add(self, event: Mapping[str, Any]) -> None:
        self._events.append(event)
