"""The mounted file systems, as Linux lists them (proc(5), mountinfo)."""

import re
from dataclasses import dataclass
from pathlib import Path

from nas.machine.facts import read_fact

_ROOT = Path("/")
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


def _plain(text: str) -> str:
    """A path as it is: spaces and the like are listed in octal."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 8)), text)
