"""Uploaded data sets: folders named by the sha256 of their archives, whole or absent."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from nas.errors import DataError

FACTS = "upload.json"
INCOMING = ".incoming-"
LEFT_OVER_S = 24 * 3600
MAX_UNPACK_S = 900
"""Time that an archive may take to unpack."""

POLL_S = 0.1


class Uploads:
    """The data sets in a folder below the data root. Their facts lie beside their class folders."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The facts of each, the newest first."""
        homes = [path for path in self.folder.glob("*/") if not path.name.startswith(".")]
        return map(_facts, sorted(homes, key=lambda path: path.stat().st_mtime, reverse=True))

    @contextmanager
    def incoming(self) -> Iterator[Path]:
        """A folder to receive an archive in, gone afterwards; so are those that a crash left behind."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for left in self.folder.glob(f"{INCOMING}*"):
            if left.stat().st_mtime < time.time() - LEFT_OVER_S:
                shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=INCOMING, dir=self.folder) as place:
            yield Path(place)

    def add(self, archive: Path, sha256: str, stop: Event | None = None) -> tuple[dict[str, Any], bool]:
        """The facts of the archive's data set, and whether it is new. DataError says why the archive is refused.

        archive lies in a folder of incoming(). Once stop is set, the unpacking is ended, with DataError.
        """
        home = self.folder / sha256
        if home.is_dir():
            os.utime(home)  # its time to be kept begins again
            return _facts(home), False
        made = archive.with_name("unpacked")
        found = _unpacked(archive, made, stop or Event())
        (made / FACTS).write_text(json.dumps({"name": "folder", "path": f"{self.folder.name}/{sha256}", **found}))
        try:
            made.rename(home)
        except OSError:
            if not home.is_dir():  # else another request has just brought the same archive
                raise
            return _facts(home), False
        return _facts(home), True


def _facts(home: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((home / FACTS).read_text())
    return facts


def _unpacked(archive: Path, folder: Path, stop: Event) -> dict[str, Any]:
    """What api.uploading.unpack finds, as a process of its own: a hostile archive ends that, not the service."""
    command = [sys.executable, "-I", "-m", "api.uploading.unpack", str(archive), str(folder)]
    output = _output(command, archive.parent, stop)
    if output is None:
        raise DataError(
            "the archive is damaged, or takes more time or memory to unpack than the service allows; make it again, or "
            "send fewer images"
        )
    found: dict[str, Any] = json.loads(output)
    if "error" in found:
        raise DataError(found["error"])
    return found


def _output(command: Sequence[str], folder: Path, stop: Event) -> bytes | None:
    """What the command writes; None if it fails. It is killed after MAX_UNPACK_S, and when stop is set."""
    end = time.monotonic() + MAX_UNPACK_S
    with subprocess.Popen(  # noqa: S603 - our own module, on files of ours
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=folder
    ) as process:
        while True:
            try:
                output, _ = process.communicate(timeout=POLL_S)
            except subprocess.TimeoutExpired:
                if stop.is_set() or time.monotonic() >= end:
                    process.kill()
            else:
                return output if process.returncode == 0 else None
