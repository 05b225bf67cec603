"""Uploaded data sets: folders named by the digest of their pictures, whole or absent."""

import json
import os
import re
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
from nas.files import write_whole
from nas.images.class_folders import NAMES
from nas.images.on_damaged import OnDamaged
from nas.quantities import HOUR_S

FACTS = "upload.json"
INCOMING = ".incoming-"
LEFT_OVER_S = 24 * HOUR_S
MAX_UNPACK_S = 900
"""Time that an archive may take to unpack."""

POLL_S = 0.1
MAX_TITLE_LETTERS = 100
ARCHIVES = "archives"
"""In the facts: digests of the archives that these pictures came in."""

_ENDINGS = re.compile(r"\.(zip|tar|tgz|tar\.(gz|bz2|xz)|tbz2?|txz)$", re.IGNORECASE)


class Uploads:
    """The data sets in a folder below the data root. Their facts lie beside their class folders."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The facts of each, the newest first."""
        homes = [path for path in self.folder.glob("*/") if not path.name.startswith(".")]
        return map(_facts, sorted(homes, key=lambda path: path.stat().st_mtime, reverse=True))

    def find(self, sha256: str) -> dict[str, Any] | None:
        """The facts of the data set with this digest, or that came in the archive with this digest."""
        home = self.folder / sha256
        if home.is_dir():
            return _facts(home)
        return next((facts for facts in self if sha256 in facts[ARCHIVES]), None)

    @contextmanager
    def incoming(self) -> Iterator[Path]:
        """A folder to receive an archive in, gone afterwards; so is what was left behind a day ago."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for left in self.folder.glob(f"{INCOMING}*"):
            if left.stat().st_mtime < time.time() - LEFT_OVER_S:
                _remove(left)
        with tempfile.TemporaryDirectory(prefix=INCOMING, dir=self.folder) as place:
            yield Path(place)

    def add(
        self,
        archive: Path,
        sha256: str,
        title: str = "",
        stop: Event | None = None,
        *,
        on_damaged: OnDamaged = OnDamaged.REFUSE,
    ) -> tuple[dict[str, Any], bool]:
        """The facts of the archive's data set, and whether it is new. DataError says why the archive is refused.

        archive lies in a folder of incoming(); sha256 is its digest. title: its name, for people. Once stop is set, the
        unpacking is ended, with DataError. An archive that is there already stays as it was unpacked.
        """
        known = self.find(sha256)
        if known is not None:
            os.utime(self.folder / known["sha256"])  # its time to be kept begins again
            return known, False
        made = archive.with_name("unpacked")
        found = _unpacked(archive, made, on_damaged, stop or Event())
        facts = {"name": "folder", "path": f"{self.folder.name}/{found['sha256']}", "title": cleaned(title), **found}
        home = self.folder / found["sha256"]
        if not home.is_dir():
            _describe(made, facts | {ARCHIVES: [sha256]})
            try:
                made.rename(home)
            except OSError:
                if not home.is_dir():  # else another request has just brought the same pictures
                    raise
            else:
                return _facts(home), True
        return _with_archive(home, sha256) | {name: found[name] for name in ("ignored", "notes")}, False


def _remove(left: Path) -> None:
    """Remove what a crash left behind, or a client that never sent the rest."""
    if left.is_dir():
        shutil.rmtree(left, ignore_errors=True)
    else:
        left.unlink(missing_ok=True)


def cleaned(title: str) -> str:
    """A name of an archive or a folder as the title of a data set: without folders, its ending and odd characters."""
    name = _ENDINGS.sub("", re.split(r"[/\\]", title.strip().rstrip("/\\"))[-1])
    return "".join(letter for letter in name if letter.isprintable())[:MAX_TITLE_LETTERS].strip() or "images"


def _describe(made: Path, facts: dict[str, Any]) -> None:
    """Write the facts of a data set beside its pictures, and its title where their names are."""
    (made / FACTS).write_text(json.dumps(facts))
    names = json.loads((made / NAMES).read_text(encoding="utf-8"))
    (made / NAMES).write_text(json.dumps({".": facts["title"], **names}, ensure_ascii=False), encoding="utf-8")


def _with_archive(home: Path, sha256: str) -> dict[str, Any]:
    """The facts, once they say that the pictures came in this archive too."""
    facts = _facts(home)
    facts[ARCHIVES] = sorted({*facts[ARCHIVES], sha256})
    write_whole(home / FACTS, json.dumps(facts))
    os.utime(home)
    return facts


def _facts(home: Path) -> dict[str, Any]:
    """The facts of a data set. Those of early versions have no title, and the digest is that of the archive."""
    facts: dict[str, Any] = json.loads((home / FACTS).read_text())
    return {"title": "images", "sha256": home.name, ARCHIVES: [], **facts}


def _unpacked(archive: Path, folder: Path, on_damaged: OnDamaged, stop: Event) -> dict[str, Any]:
    """What api.uploading.unpack finds, as a process of its own: a hostile archive ends that, not the service."""
    command = [sys.executable, "-I", "-m", "api.uploading.unpack", str(archive), str(folder), on_damaged]
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
