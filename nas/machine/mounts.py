"""The mounted file systems, as Linux lists them (proc(5), mountinfo)."""

import re
from dataclasses import dataclass
from pathlib import Path

from nas.machine.facts import read_fact

_ROOT = Path("/")
_SHARED = re.compile(r"nfs|cifs|smb|fuse|9p$|ceph$|virtiofs$|vboxsf$|lustre$|glusterfs$|gpfs$|beegfs$|afs$")
"""Beginnings of the names of file systems that machines share, or that a program provides."""

SHARED_DISK_REMEDY = "use a file on a local disk, or PostgreSQL"

_ESCAPED = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Mount:
    """A mounted file system. shown: the folder of it that is seen at `at`. options: of the file system itself."""

    at: Path
    shown: Path
    kind: str
    options: frozenset[str]


def mounts(root: Path = _ROOT) -> list[Mount]:
    """Those that this process sees, in the order of mounting; none where the system does not list them."""
    found = []
    for line in (read_fact(root / "proc/self/mountinfo") or "").splitlines():
        place, _, system = line.partition(" - ")
        _, _, _, shown, at, *_ = place.split(" ")
        kind, _, options, *_ = system.split(" ")
        found.append(Mount(Path(_plain(at)), Path(_plain(shown)), kind, frozenset(options.split(","))))
    return found


def mount_of(path: Path, root: Path = _ROOT) -> Mount | None:
    """The mounted file system that an absolute path without links lies on, if it exists or not; None: not known."""
    holding = [mount for mount in mounts(root) if path.is_relative_to(mount.at)]
    # Of those at one place the last hides the others; max gives the first of equals.
    return max(reversed(holding), key=lambda mount: len(mount.at.parts), default=None)


def shared_disk_warning(file: Path | None) -> str | None:
    """Why an SQLite database should not be this file, which may not exist yet; None where it lies on a local disk."""
    mount = mount_of(file.resolve()) if file else None
    if file is None or mount is None or not _SHARED.match(mount.kind):
        return None
    return f"{file} lies on {mount.kind}, where locks between processes may not hold: SQLite can lose what it stores"


def _plain(text: str) -> str:
    """A path as it is: spaces and the like are listed in octal."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 8)), text)
