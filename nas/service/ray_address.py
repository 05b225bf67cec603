"""Where the Ray cluster is that RAY_ADDRESS names: one reading of it for the checks of `nas doctor` and for workers."""

import os
import re
import socket
from contextlib import suppress
from pathlib import Path

from nas.machine.folders import temporary_folder

AUTO, LOCAL = "auto", "local"
FORMS = (
    "write HOST:PORT of a cluster's head, such as head.example.org:6379 or [::1]:6379; auto for the cluster that runs "
    "on this machine; local, or nothing, to start one"
)
CONNECT_S = 3.0
MAX_PORT = 65535

_HOST_AND_PORT = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9_](?:[a-z0-9_.-]{0,252})))(?::([0-9]{1,5}))", re.IGNORECASE)


def parsed(address: str) -> str | None:
    """The address as HOST:PORT or `auto`; None where a Ray is to be started. ValueError names the forms."""
    address = address.strip()
    if address in {"", LOCAL}:
        return None
    if address != AUTO:
        host_and_port(address)
    return address


def host_and_port(address: str) -> tuple[str, int]:
    """ValueError if the address is not HOST:PORT or [IPV6]:PORT."""
    match = _HOST_AND_PORT.fullmatch(address)
    if match is None or not 0 < int(match[3]) <= MAX_PORT:
        raise ValueError(f"{address!r} is no address of a cluster; {FORMS}")
    return match[1] or match[2], int(match[3])


def reach(address: str) -> str:
    """HOST:PORT of the cluster at a parsed address. OSError if nothing accepts connections there, with the reason."""
    found = _started_here() if address == AUTO else address
    if found is None:
        raise ConnectionError("`ray start` has started none on this machine")
    with socket.create_connection(host_and_port(found), CONNECT_S):
        return found


def _started_here() -> str | None:
    """The address that `ray start` left for programs on this machine."""
    folder = os.environ.get("RAY_TMPDIR") or temporary_folder()
    with suppress(OSError):
        return Path(folder, "ray", "ray_current_cluster").read_text(encoding="utf-8").strip() or None
    return None
