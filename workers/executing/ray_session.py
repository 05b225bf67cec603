"""The folder of a Ray that is started here: its sockets, logs, and what does not fit into its object store."""

import contextlib
import fcntl
import os
import re
import shutil
import signal
import tempfile
from pathlib import Path

from workers.executing.executor import ExecutorLostError

PREFIX = "nas-ray-"
LOCK = "lock"
SOCKETS = "/session_2000-01-01_00-00-00_000000_4194304/sockets/plasma_store"
"""The longest path that Ray makes a socket at, below the folder."""

MAX_SOCKET_PATH = 107
RAYS_OWN = "s"
_PLAIN = re.compile(r"[\w/.+=@:-]+", re.ASCII)
SHORT = Path("/dev/shm")  # noqa: S108 - links in it have random names


class RaySession:
    """A new folder in temp_dir, locked as long as this process lives. ExecutorLostError if it cannot be made."""

    def __init__(self, temp_dir: Path) -> None:
        try:
            _remove_old(temp_dir)
            # Ray makes its own folder accessible to everybody; this one around it is not.
            self._outer = Path(tempfile.mkdtemp(prefix=PREFIX, dir=temp_dir))
            self._lock = _locked(self._outer / "new")
            (self._outer / "new").rename(self._outer / LOCK)  # nobody sees it without its holder
            self._alias = _alias(self._outer)
        except OSError as error:
            raise ExecutorLostError(
                f"Ray's folder cannot be made in {temp_dir}: {error.strerror}; make room, or name another folder in "
                "NAS_TEMP_DIR"
            ) from error

    @property
    def folder(self) -> Path:
        """Ray's own folder, by a path that suits it."""
        return (self._alias or self._outer) / RAYS_OWN

    def kill_daemons(self) -> None:
        """Kill the children of this process that work in the folder."""
        for status in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):  # it has just ended
                parent = int(status.read_text(encoding="utf-8").rpartition(")")[2].split()[1])
                if parent == os.getpid() and os.fsencode(self.folder) in status.with_name("cmdline").read_bytes():
                    os.kill(int(status.parent.name), signal.SIGKILL)

    def remove(self) -> None:
        if self._alias:
            self._alias.unlink(missing_ok=True)
        shutil.rmtree(self._outer, ignore_errors=True)
        os.close(self._lock)


def _alias(outer: Path) -> Path | None:
    """A link to the folder, if its own path is too long for sockets, or has letters such as spaces."""
    longest = f"{outer}/{RAYS_OWN}{SOCKETS}"
    if _PLAIN.fullmatch(longest) and len(longest) <= MAX_SOCKET_PATH:
        return None
    link = SHORT / outer.name
    link.symlink_to(outer.absolute())
    return link


def _locked(path: Path) -> int:
    """A descriptor that holds the lock of the file; BlockingIOError if another process, of any container, has it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise
    return handle


def _remove_old(temp_dir: Path) -> None:
    """Remove the folders of processes that no longer exist: those with a lock that nobody holds."""
    for lock in temp_dir.glob(f"{PREFIX}*/{LOCK}"):
        with contextlib.suppress(OSError):  # in use, or another user's
            handle = _locked(lock)
            shutil.rmtree(lock.parent, ignore_errors=True)
            (SHORT / lock.parent.name).unlink(missing_ok=True)
            os.close(handle)
