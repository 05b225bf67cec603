"""Whether this machine can serve and search: one function a check, each with a remedy where something is wrong."""

import json
import os
import re
import shutil
import socket
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import httpx
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from api.client import UnreachableError
from api.client.transport import options
from latency_db.errors import StoreError
from latency_db.storing.location import default_location, file_of
from latency_db.storing.store import Store
from nas.jobs.ledger import Ledger
from nas.service.settings import Settings
from nas.sql.errors import LedgerError

OLDEST_PYTHON = (3, 11)
OLDEST_SQLITE = (3, 35)
LITTLE_DISK_GB, NO_DISK_GB = 5.0, 0.5
ANSWER_S = 3.0
TORCH_S = 120.0
RAY_PORT = 6379
READY = 200

TORCH = """
import json, torch
names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
print(json.dumps([torch.__version__, names]))
"""


@dataclass(frozen=True, slots=True)
class Check:
    """remedy: what to do about it; empty where nothing is wrong."""

    name: str
    state: Literal["ok", "warning", "failed"]
    detail: str
    remedy: str = ""


def checks(settings: Settings) -> Iterator[Check]:
    """All checks, each as soon as it is made."""
    yield python()
    yield packages()
    yield sqlite()
    yield home(settings)
    yield disk(settings)
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
    place = _existing(settings.home)
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        remedy = "make it writable, or name another folder in NAS_HOME"
        return Check("home", "failed", f"{place} cannot be written: {error.strerror}", remedy)
    return Check("home", "ok", f"{settings.home}{'' if settings.home == place else ' (made by nas serve)'}")


def disk(settings: Settings) -> Check:
    free = shutil.disk_usage(_existing(settings.home)).free / 1e9
    detail = f"{free:.1f} GB free for {settings.home}"
    if free < LITTLE_DISK_GB:
        return Check("disk", "failed" if free < NO_DISK_GB else "warning", detail, "free some, or move NAS_HOME")
    return Check("disk", "ok", detail)


def secret(settings: Settings) -> Check:
    """The secret that sessions and page tokens are signed with."""
    path = settings.home / "secret"
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return Check("secret", "ok", "none yet (made by nas serve)")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        return Check("secret", "failed", f"{path} may be read by others (mode {mode:o})", f"chmod 600 {path}")
    return Check("secret", "ok", f"{path} is its owner's alone")


def database(settings: Settings) -> Check:
    try:
        url = make_url(settings.database_url)
        if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
            return Check("database", "ok", f"{url.database} is not there yet (made by nas serve)")
        ledger = Ledger(settings.database_url)
        try:
            ledger.check()
        finally:
            ledger.close()
    except (ArgumentError, LedgerError) as error:
        remedy = "start the database; correct DATABASE_URL; a schema is brought up to date when nas serve starts"
        return Check("database", "failed", str(error), remedy)
    return Check("database", "ok", f"{url.render_as_string(hide_password=True)}, schema as this version has it")


def latencies() -> Check:
    location = default_location()
    path = file_of(location)
    if path and not path.exists():
        return Check("latencies", "ok", f"{path} is not there yet (made by the first search)")
    try:
        store = Store(location)
        rows = store.devices()
    except StoreError as error:
        return Check(
            "latencies",
            "failed",
            str(error),
            "start the database, move the file away, or name another in NAS_LATENCY_DB",
        )
    devices = ", ".join(f"{row.device.name} ({row.kernels} kernels)" for row in rows) or "no devices yet"
    return Check("latencies", "ok", f"{store.name}: {devices}")


def cores(settings: Settings) -> Check:
    available = len(os.sched_getaffinity(0))
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
    if settings.ray_address in {None, "", "auto", "local"}:
        return Check("ray", "ok", f"{found}, started by the worker")
    host, _, port = (settings.ray_address or "").rpartition("://")[2].rpartition(":")
    try:
        socket.create_connection((host, int(port) if port else RAY_PORT), ANSWER_S).close()
    except (OSError, ValueError) as error:
        remedy = "start the cluster, or correct RAY_ADDRESS; searches wait for it meanwhile"
        return Check("ray", "warning", f"{found}; no answer at {settings.ray_address}: {error}", remedy)
    return Check("ray", "ok", f"{found}; cluster at {settings.ray_address}")


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
        with httpx.Client(**{**options(None, None), "timeout": ANSWER_S}) as http:
            url = http.base_url
            response = http.get("/readyz")
    except (httpx.TransportError, UnreachableError) as error:
        remedy = "nas serve starts one; NAS_URL says where it is"
        return Check("service", "warning", f"none answers ({error})", remedy)
    if response.status_code != READY:
        return Check("service", "failed", f"{url} is not ready: {response.text[:200]}", "see its log")
    return Check("service", "ok", f"{url} is ready")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next((place for place in (folder, *folder.parents) if place.is_dir()), Path())
