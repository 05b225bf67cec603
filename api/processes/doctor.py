"""Whether this machine can serve and search: one function a check, each with a remedy where something is wrong."""

import json
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import httpx2

from api.client import UnreachableError
from api.client.transport import options
from latency_db.errors import StoreError
from latency_db.storing.location import default_location, file_of
from latency_db.storing.store import Store
from latency_db.storing.tables import metadata as latency_tables
from nas.files import private_mode
from nas.jobs.ledger import Ledger
from nas.jobs.records import References
from nas.machine.cgroup import core_count
from nas.machine.folders import existing, write_failure
from nas.service import ray_address
from nas.service.disk_use import DiskUse, artifact_use, folder_use
from nas.service.settings import HOME_REMEDY, Settings
from nas.sql.database import size_bytes as size_on_disk
from nas.sql.errors import LedgerError

OLDEST_PYTHON = (3, 11)
OLDEST_SQLITE = (3, 35)
GB, MB = 10**9, 10**6
WARNING_FREE_GB, FAILURE_FREE_GB = 5.0, 0.5
WARNING_TEMPORARY_GB, FAILURE_TEMPORARY_GB = 1.0, 0.05
ANSWER_S = 3.0
TORCH_S = 120.0
READY = 200

TORCH = """
import json, torch
names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
print(json.dumps([torch.__version__, names]))
"""


@dataclass(frozen=True, slots=True)
class Check:
    """One check's result. remedy: empty where nothing is wrong. sizes_bytes: disk use, by what it is for."""

    name: str
    state: Literal["ok", "warning", "failed"]
    detail: str
    remedy: str = ""
    sizes_bytes: Mapping[str, int] = field(default_factory=dict)


def checks(settings: Settings) -> Iterator[Check]:
    """All checks, each as soon as it is made."""
    yield python()
    yield packages()
    yield sqlite()
    yield home(settings)
    yield disk(settings)
    yield temporary_files(settings)
    yield artifacts(settings)
    yield from folders(settings)
    yield secret(settings)
    yield database(settings)
    yield latencies()
    yield cores(settings)
    yield ray(settings)
    yield torch()
    yield service()


def python() -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST_PYTHON:
        return Check("python", "failed", found, "install Python 3.11 or newer")
    return Check("python", "ok", f"{found} at {sys.executable}")


def packages() -> Check:
    wanted = [re.match(r"[A-Za-z0-9._-]+", line) for line in requires("nas") or () if "extra ==" not in line]
    names = [match[0] for match in wanted if match]
    missing = [name for name in names if _version(name) is None]
    if missing:
        return Check("packages", "failed", f"not installed: {', '.join(missing)}", f"pip install {' '.join(missing)}")
    return Check("packages", "ok", f"nas {version('nas')}, and the {len(names)} packages it needs")


def sqlite() -> Check:
    found = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        return Check("sqlite", "failed", found, "use a Python with SQLite 3.35 or newer")
    detail = f"{found}, with a rollback journal: the corruption bug of write-ahead logs (before 3.51.3) cannot strike"
    return Check("sqlite", "ok", detail)


def home(settings: Settings) -> Check:
    place = existing(settings.home)
    if failure := write_failure(place):
        return Check("home", "failed", f"{place} cannot be written: {failure}", HOME_REMEDY)
    return Check("home", "ok", f"{settings.home}{'' if settings.home == place else ' (made by nas serve)'}")


def disk(settings: Settings) -> Check:
    return _free("disk", settings.home, "free some, or move NAS_HOME", WARNING_FREE_GB, FAILURE_FREE_GB)


def temporary_files(settings: Settings) -> Check:
    """The disk of Ray's session folder, and of other files that live as long as their process."""
    folder, remedy = settings.temp_dir, "free some, or name another folder in NAS_TEMP_DIR"
    if failure := write_failure(folder):
        return Check("temporary", "failed", f"{folder} cannot be written: {failure}", remedy)
    return _free("temporary", folder, remedy, WARNING_TEMPORARY_GB, FAILURE_TEMPORARY_GB)


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


def secret(settings: Settings) -> Check:
    """The secret that sessions and page tokens are signed with, and the ledger with the digests of keys."""
    path = settings.home / "secret"
    ledger = file_of(settings.database_url)
    there = [file for file in (path, ledger) if file is not None and file.exists()]
    for file in there:
        mode, right = stat.S_IMODE(file.stat().st_mode), private_mode(file.parent)
        if mode & ~right:
            state: Literal["warning", "failed"] = "failed" if file == path else "warning"
            return Check("secret", state, f"{file} may be read by others (mode {mode:o})", f"chmod {right:o} {file}")
    if path not in there:
        return Check("secret", "ok", "none yet (made by nas serve)")
    whose = "its owner's and its group's" if private_mode(settings.home) & stat.S_IRWXG else "its owner's"
    return Check("secret", "ok", f"{path} is {whose} alone")


def database(settings: Settings) -> Check:
    try:
        with _ledger(settings) as ledger:
            if ledger is None:
                return Check("database", "ok", f"{file_of(settings.database_url)} is not there yet (made by nas serve)")
            ledger.check()
            size_bytes, name = ledger.size_bytes(), ledger.database.name
            pooler = " through a connection pooler" if ledger.database.through_pooler() else ""
    except LedgerError as error:
        remedy = "start the database; correct DATABASE_URL; a schema is brought up to date when nas serve starts"
        return Check("database", "failed", str(error), remedy)
    detail = f"{name}{pooler}, {_size(size_bytes)}, schema as this version has it"
    return Check("database", "ok", detail, sizes_bytes={"ledger": size_bytes})


def latencies() -> Check:
    location = default_location()
    path = file_of(location)
    if path and not path.exists():
        return Check("latencies", "ok", f"{path} is not there yet (made by the first search)")
    try:
        store = Store(location)
        rows = store.devices()
        with store.reading() as connection:
            size_bytes = size_on_disk(connection, latency_tables)
    except StoreError as error:
        return Check(
            "latencies",
            "failed",
            str(error),
            "start the database, move the file away, or name another in NAS_LATENCY_DB",
        )
    devices = ", ".join(f"{row.device.name} ({row.kernels} kernels)" for row in rows) or "no devices yet"
    detail = f"{store.name}, {_size(size_bytes)}: {devices}"
    return Check("latencies", "ok", detail, sizes_bytes={"latencies": size_bytes})


def cores(settings: Settings) -> Check:
    available = core_count()
    wanted = settings.workers * settings.threads
    detail = f"{available} for {settings.workers} workers of {settings.threads} threads"
    if wanted > available and settings.ray_address is None:
        return Check("cores", "warning", detail, "set NAS_WORKERS or NAS_THREADS lower; measured latencies suffer")
    return Check("cores", "ok", detail)


def ray(settings: Settings) -> Check:
    if not settings.executor.startswith("ray"):
        return Check("ray", "ok", f"not used by the executor {settings.executor}")
    if find_spec("ray") is None:
        remedy = "pip install 'ray[tune]', or set NAS_EXECUTOR=process"
        return Check("ray", "failed", "not installed", remedy)
    found = f"{_version('ray')}"
    if settings.ray_address is None:
        return Check("ray", "ok", f"{found}, started by the worker")
    try:
        address = ray_address.reach(settings.ray_address)
    except OSError as error:
        remedy = "start the cluster, or correct RAY_ADDRESS; searches wait for it meanwhile"
        return Check("ray", "warning", f"{found}; no answer at {settings.ray_address}: {error}", remedy)
    return Check("ray", "ok", f"{found}; cluster at {address}")


def torch() -> Check:
    """In a process of its own: it takes seconds and hundreds of MB."""
    remedy = "pip install torch"
    command = [sys.executable, "-P", "-c", TORCH]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TORCH_S, check=True)  # noqa: S603 - ours
    except subprocess.CalledProcessError as error:
        return Check("torch", "failed", (error.stderr.strip().splitlines() or ["it does not start"])[-1], remedy)
    except subprocess.TimeoutExpired:
        return Check("torch", "failed", f"no answer within {TORCH_S:g} s", remedy)
    found, names = json.loads(done.stdout.splitlines()[-1])
    return Check("torch", "ok", f"{found}, {', '.join(names) or 'no GPU: trains on the CPU'}")


def service() -> Check:
    try:
        with httpx2.Client(**{**options(None, None), "timeout": ANSWER_S}) as http:
            url = http.base_url
            response = http.get("/readyz")
    except (httpx2.TransportError, UnreachableError) as error:
        remedy = "nas serve starts one; NAS_URL says where it is"
        return Check("service", "warning", f"none answers ({error})", remedy)
    if response.status_code != READY:
        return Check("service", "failed", f"{url} is not ready: {response.text[:200]}", "see its log")
    return Check("service", "ok", f"{url} is ready")


def _free(name: str, folder: Path, remedy: str, warning_gb: float, failure_gb: float) -> Check:
    used = shutil.disk_usage(existing(folder))
    detail = f"{_size(used.free)} of {_size(used.total)} free for {folder}"
    sizes_bytes = {"free": used.free, "total": used.total}
    if used.free >= warning_gb * GB:
        return Check(name, "ok", detail, sizes_bytes=sizes_bytes)
    return Check(name, "failed" if used.free < failure_gb * GB else "warning", detail, remedy, sizes_bytes)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


@contextmanager
def _ledger(settings: Settings) -> Iterator[Ledger | None]:
    """The ledger; None where it is a file that is not there yet, and would be made. LedgerError where there is none."""
    path = file_of(settings.database_url) if settings.database_url.startswith("sqlite:") else None
    if path is not None and not path.exists():
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
    whose = ", ".join(f"{_size(size_bytes)} {whose}" for whose, size_bytes in use.sizes_bytes.items())
    more = "" if use.complete else "more than "
    total = _size(sum(use.sizes_bytes.values()))
    detail = f"{more}{use.files} files, {total} in {folder}" + (f": {whose}" if len(use.sizes_bytes) > 1 else "")
    return Check(name, "ok", detail, sizes_bytes=use.sizes_bytes)


def _size(size_bytes: int) -> str:
    return f"{size_bytes / GB:.1f} GB" if size_bytes >= GB / 10 else f"{size_bytes / MB:.1f} MB"
