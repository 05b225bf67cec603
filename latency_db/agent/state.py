"""What an agent keeps on its machine: its id, its lock, and results that the service does not have yet."""

import fcntl
import hashlib
import os
import re
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from latency_db.errors import AgentError
from nas.files import write_whole

LOCK = "nas-agent.lock"
MACHINE = "machine"
LOCK_WAIT_S = 10.0
"""How long a starting agent waits for the lock: a killed agent's is held until its measuring process has ended."""

_BATCH_ID = re.compile(r"bat_[0-9a-z]{26}")


def default_home() -> Path:
    """NAS_AGENT_HOME, or `agent` in NAS_HOME, or nas-agent in the user's folder for state.

    The last also where an agent has been before there was a NAS_HOME: it stays the same agent.
    """
    if given := os.environ.get("NAS_AGENT_HOME"):
        return Path(given)
    home = Path(os.environ["NAS_HOME"], "agent") if os.environ.get("NAS_HOME") else None
    try:
        of_user = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "nas-agent"
        return of_user if home is None or (_is_known(of_user) and not _is_known(home)) else home
    except RuntimeError:
        if home is not None:
            return home
        raise AgentError("this user has no home folder (HOME is not set); name one in NAS_AGENT_HOME") from None


def _is_known(home: Path) -> bool:
    try:
        return (home / MACHINE).is_file()
    except OSError:
        return False


def machine_id(home: Path) -> str:
    """The machine's own id, made once and kept: independent of the names of host and device."""
    file = home / MACHINE
    try:
        known = file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        known = ""
    if re.fullmatch("[0-9a-f]{32}", known):
        return known
    made = uuid.uuid4().hex
    write_whole(file, made)
    return made


def lock_machine() -> int:
    """Take the machine's lock; it is held while the returned descriptor is open. AgentError if another agent has it.

    The file is in the folder for temporary files, which all users of a machine share.
    """
    path = Path(tempfile.gettempdir()) / LOCK
    try:
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW) if path.exists() else _make(path)
        _lock(handle)
    except BlockingIOError:
        raise AgentError(
            f"another agent measures on this machine (it holds {path}); stop it first, as two would disturb each other"
        ) from None
    except OSError as error:
        raise AgentError(f"{path}: {error.strerror}; remove the file, or correct its rights") from None
    return handle


def _lock(handle: int) -> None:
    """BlockingIOError if another process still holds the lock after LOCK_WAIT_S."""
    deadline = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _make(path: Path) -> int:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)
    os.fchmod(handle, 0o666)
    return handle


class Spool:
    """Results for one service, kept on disk by batch until it has them."""

    def __init__(self, home: Path, server: str) -> None:
        self._folder = home / "results" / hashlib.sha256(server.encode()).hexdigest()[:16]

    def put(self, batch_id: str, results: str) -> None:
        """Keep results, for example until the network is back. OSError if the disk is full."""
        write_whole(self._file(batch_id), results)

    def drop(self, batch_id: str) -> None:
        self._file(batch_id).unlink(missing_ok=True)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Ids of batches and their results, the oldest first."""
        for file in sorted(self._folder.glob("bat_*.json")):
            yield file.stem, file.read_text(encoding="utf-8")

    def _file(self, batch_id: str) -> Path:
        if not _BATCH_ID.fullmatch(batch_id):
            raise AgentError("the service sent a batch id of an unknown form; use an agent of the service's version")
        return self._folder / f"{batch_id}.json"
