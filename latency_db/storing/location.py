"""Where the latency database is."""

import logging
import os
from functools import cache
from pathlib import Path

from sqlalchemy import URL

from latency_db.errors import StoreError
from nas.machine.folders import data_folder, user_data_folder
from nas.sql.database import Wording

VARIABLE = "NAS_LATENCY_DB"
FILE = "latency.db"
_log = logging.getLogger("nas.latency")

WORDING = Wording("latency database", "free the disk, correct the rights, start the server", VARIABLE, StoreError)


def default_location() -> str:
    """The path or URL in NAS_LATENCY_DB, or else in the file nas_latency_db in NAS_SECRETS_DIR (for containers).

    Without both, latency.db in nas.machine.folders.data_folder; a warning names one of before there was a NAS_HOME.
    """
    given = os.environ.get(VARIABLE) or _secret()
    if given:
        return given
    found, of_user = data_folder() / FILE, user_data_folder()
    earlier = of_user / FILE if of_user else found
    if earlier != found and earlier.exists() and not found.exists():
        _warn_of_earlier(earlier, found)
    return str(found)


@cache
def _warn_of_earlier(earlier: Path, found: Path) -> None:
    _log.warning(
        "latencies that were measured before are in %s, and NAS_HOME has none yet: %s begins empty; to use them, move "
        "the file there, or set %s to it",
        earlier,
        found,
        VARIABLE,
    )


def database_url(location: Path | str) -> str | URL:
    """The URL of a location, which is a URL already or the path of an SQLite file."""
    if "://" in str(location):
        return str(location)
    return URL.create("sqlite", database=str(location))


def file_of(location: str) -> Path | None:
    """The SQLite file at a location, or None if it is on a server."""
    if "://" not in location:
        return Path(location)
    scheme, _, path = location.partition(":///")
    return Path(path) if scheme == "sqlite" and path else None


def _secret() -> str | None:
    folder = os.environ.get("NAS_SECRETS_DIR")
    path = Path(folder) / VARIABLE.lower() if folder else None
    return path.read_text(encoding="utf-8").strip() or None if path and path.is_file() else None
