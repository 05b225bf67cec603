"""Checks of what the service has stored: ledger, latencies, artifacts, uploads and the secret."""

import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

from api.processes.check import Check, size_text
from latency_db.errors import StoreError
from latency_db.storing.location import default_location, file_of
from latency_db.storing.store import Store
from latency_db.storing.tables import metadata as latency_tables
from nas.files import private_mode
from nas.images.decoded_sets import decoded_folder
from nas.jobs.ledger import Ledger
from nas.jobs.records import References
from nas.machine.mounts import SHARED_DISK_REMEDY, shared_disk_warning
from nas.service.disk_use import DiskUse, artifact_use, folder_use
from nas.service.settings import Settings
from nas.sql.database import size_bytes as size_on_disk
from nas.sql.errors import LedgerError

LATENCIES_REMEDY = "start the database, move the file away, or name another in NAS_LATENCY_DB"


def artifacts(settings: Settings) -> Check:
    """What keeps the files of the artifact store: deleted searches' are freed when these are purged."""
    found = _in_use("artifacts", settings.artifacts, artifact_use(settings.artifacts, _references(settings)))
    days = settings.keep_deleted_days
    kept = f"; deleted searches are removed after {days} days" if days else "; deleted searches are kept for ever"
    return replace(found, detail=found.detail + kept)


def folders(settings: Settings) -> Iterator[Check]:
    yield _in_use("uploads", settings.uploads, folder_use(settings.uploads))
    yield _in_use("data root", settings.data_root, folder_use(settings.data_root, without=settings.uploads))
    yield _in_use("scratch", settings.scratch, folder_use(settings.scratch))
    yield _in_use("decoded images", decoded_folder(), folder_use(decoded_folder()))


def secret(settings: Settings) -> Check:
    """The secret that sessions and page tokens are signed with, and the ledger with the digests of keys."""
    path = settings.home / "secret"
    modes: dict[Path, int] = {}
    for file in (path, file_of(settings.database_url)):
        with suppress(OSError):  # there is none yet
            modes |= {file: stat.S_IMODE(file.stat().st_mode)} if file else {}
    for file, mode in modes.items():
        right = private_mode(file.parent)
        if mode & ~right:
            state: Literal["warning", "failed"] = "failed" if file == path else "warning"
            return Check("secret", state, f"{file} may be read by others (mode {mode:o})", f"chmod {right:o} {file}")
    if path not in modes:
        return Check("secret", "ok", "none yet (made by nas serve)")
    whose = "its owner's and its group's" if private_mode(settings.home) & stat.S_IRWXG else "its owner's"
    return Check("secret", "ok", f"{path} is {whose} alone")


def database(settings: Settings) -> Check:
    try:
        with _ledger(settings) as ledger:
            if ledger is None:
                detail = f"{file_of(settings.database_url)} is not there yet (made by nas serve)"
                return _stored("database", file_of(settings.database_url), detail)
            ledger.check()
            size_bytes, name = ledger.size_bytes(), ledger.database.name
            pooler = " through a connection pooler" if ledger.database.through_pooler() else ""
    except LedgerError as error:
        remedy = "start the database; correct DATABASE_URL; a schema is brought up to date when nas serve starts"
        return Check("database", "failed", str(error), remedy)
    detail = f"{name}{pooler}, {size_text(size_bytes)}, schema as this version has it"
    return _stored("database", file_of(settings.database_url), detail, {"ledger": size_bytes})


def latencies() -> Check:
    location = default_location()
    path = file_of(location)
    try:
        absent = path is not None and not path.exists()
    except OSError as error:
        return Check("latencies", "failed", f"{path}: {error.strerror}", LATENCIES_REMEDY)
    if absent:
        return _stored("latencies", path, f"{path} is not there yet (made by the first search)")
    try:
        store = Store(location)
        rows = store.devices()
        with store.reading() as connection:
            size_bytes = size_on_disk(connection, latency_tables)
    except StoreError as error:
        return Check("latencies", "failed", str(error), LATENCIES_REMEDY)
    devices = ", ".join(f"{row.device.name} ({row.kernels} kernels)" for row in rows) or "no devices yet"
    detail = f"{store.name}, {size_text(size_bytes)}: {devices}"
    return _stored("latencies", path, detail, {"latencies": size_bytes})


@contextmanager
def _ledger(settings: Settings) -> Iterator[Ledger | None]:
    """The ledger; None where it is a file that is not there yet, and would be made. LedgerError where there is none."""
    path = file_of(settings.database_url) if settings.database_url.startswith("sqlite:") else None
    try:
        absent = path is not None and not path.exists()
    except OSError as error:
        raise LedgerError(f"{path}: {error.strerror}") from None
    if absent:
        yield None
        return
    ledger = Ledger(settings.database_url, settings.connections)
    try:
        yield ledger
    finally:
        ledger.close()


def _references(settings: Settings) -> References | None:
    """What refers to artifacts; None if the ledger cannot be read, which the check of the database reports."""
    try:
        with _ledger(settings) as ledger:
            return None if ledger is None else ledger.artifacts.references()
    except LedgerError:
        return None


def _in_use(name: str, folder: Path, use: DiskUse) -> Check:
    whose = ", ".join(f"{size_text(size_bytes)} {whose}" for whose, size_bytes in use.sizes_bytes.items())
    more = "" if use.complete else "more than "
    total = size_text(sum(use.sizes_bytes.values()))
    detail = f"{more}{use.files} files, {total} in {folder}" + (f": {whose}" if len(use.sizes_bytes) > 1 else "")
    return Check(name, "ok", detail, sizes_bytes=use.sizes_bytes)


def _stored(name: str, file: Path | None, detail: str, sizes_bytes: Mapping[str, int] | None = None) -> Check:
    """The check of a database that can be used. file: of SQLite."""
    warning = shared_disk_warning(file)
    remedy = SHARED_DISK_REMEDY if warning else ""
    return Check(name, "warning" if warning else "ok", warning or detail, remedy, sizes_bytes or {})
