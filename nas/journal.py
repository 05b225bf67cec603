"""The journal of a search in a file: one JSON value a line, safe on disk before the search goes on."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nas.errors import NasError


class FileJournal:
    """Events appended to one file. A line that a crash cut short is no event and is removed on opening."""

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
        """Append an event; on disk when this returns. OSError, and no half line, if it cannot be written."""
        line = json.dumps(event, allow_nan=False).encode() + b"\n"
        with self._path.open("ab") as file:
            before = file.tell()
            try:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                file.truncate(before)
                raise
        self._events.append(dict(event))
