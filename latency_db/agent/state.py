"""What an agent keeps on its machine: who it is, that it is the only one, and results until they are acknowledged."""

import fcntl
import hashlib
import os
import re
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

from latency_db.errors import AgentError
from nas.files import write_whole

LOCK = "nas-agent.lock"
_BATCH_ID = re.compile(r"bat_[0-9a-z]{26}")


def default_home() -> Path:
    """NAS_AGENT_HOME, or nas-agent among the user's state."""
    given = os.environ.get("NAS_AGENT_HOME")
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(given) if given else Path(state) / "nas-agent"


def machine_id(home: Path) -> str:
    """The machine's own id, made once: neither another host name nor another name of the device changes it."""
    file = home / "machine"
    try:
        known = file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        known = ""
    if re.fullmatch("[0-9a-f]{32}", known):
        return known
    made = uuid.uuid4().hex
    write_whole(file, made)
    return made


def only_one() -> int:
    """Hold the machine's lock while the returned descriptor is open. AgentError if another agent has it.

    The file lies in the folder for temporary files, which all users of a machine share.
    """
    path = Path(tempfile.gettempdir()) / LOCK
    try:
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW) if path.exists() else _make(path)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise AgentError(
            f"another agent measures on this machine (it holds {path}); two would disturb each other: stop it first"
        ) from None
    except OSError as error:
        raise AgentError(f"{path}: {error.strerror}; remove the file, or correct its rights") from None
    return handle


def _make(path: Path) -> int:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)
    os.fchmod(handle, 0o666)
    return handle


class Spool:
    """Results for one service, by batch, on disk until it has them."""

    def __init__(self, home: Path, server: str) -> None:
        self._folder = home / "results" / hashlib.sha256(server.encode()).hexdigest()[:16]

    def put(self, batch_id: str, results: str) -> None:
        """OSError if the disk is full."""
        write_whole(self._file(batch_id), results)

    def drop(self, batch_id: str) -> None:
        self._file(batch_id).unlink(missing_ok=True)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Batches and their results, the oldest first."""
        for file in sorted(self._folder.glob("bat_*.json")):
            yield file.stem, file.read_text(encoding="utf-8")

    def _file(self, batch_id: str) -> Path:
        if not _BATCH_ID.fullmatch(batch_id):
            raise AgentError("the service named a batch in an unknown way; use an agent of its version")
        return self._folder / f"{batch_id}.json"
