"""Whether this machine can serve and search: one function a check, each with a remedy where something is wrong."""

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path

import httpx2

from api.client import UnreachableError
from api.client.transport import opened
from api.processes.check import GB, Check, size_text
from api.processes.stored_checks import artifacts, database, folders, latencies, secret
from nas.errors import SpecError
from nas.machine.cgroup import core_count
from nas.machine.folders import existing, write_failure
from nas.native import binary, library
from nas.service import ray_address
from nas.service.settings import HOME_REMEDY, Settings

OLDEST_PYTHON = (3, 11)
OLDEST_SQLITE = (3, 35)
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
    yield native()
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


def cores(settings: Settings) -> Check:
    available = core_count()
    wanted = settings.workers * settings.threads
    detail = f"{available} for {settings.workers} workers of {settings.threads} threads"
    if wanted > available and settings.ray_address is None:
        return Check("cores", "warning", detail, "set NAS_WORKERS or NAS_THREADS lower; measured latencies suffer")
    return Check("cores", "ok", detail)


def native() -> Check:
    """The native library, and the level of its products of packed bits."""
    try:
        level = binary.level()
    except SpecError as error:
        return Check("native", "failed", str(error), f"unset {binary.VARIABLE}")
    detail = f"binary products: {level}, of {', '.join(binary.levels())}"
    if library() is None:
        remedy = "install a C compiler and nas again; compression and binary networks are slow meanwhile"
        return Check("native", "warning", f"the library was not compiled; {detail}", remedy)
    return Check("native", "ok", detail)


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
    if find_spec("torch") is None:
        return Check("torch", "failed", "not installed", "pip install torch")
    command = [sys.executable, "-P", "-c", TORCH]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TORCH_S, check=True)  # noqa: S603 - ours
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip().splitlines() or [f"it ended with code {error.returncode} and said nothing"]
        remedy = "pip install --force-reinstall torch; python -c 'import torch' shows the whole error"
        return Check("torch", "failed", f"installed, but its import fails: {said[-1]}", remedy)
    except subprocess.TimeoutExpired:
        remedy = "the machine may be busy: try again when it is less so; python -c 'import torch' shows if it ever ends"
        return Check("torch", "warning", f"installed, but its import did not end within {TORCH_S:g} s", remedy)
    found, names = json.loads(done.stdout.splitlines()[-1])
    return Check("torch", "ok", f"{found}, {', '.join(names) or 'no GPU: trains on the CPU'}")


def service() -> Check:
    try:
        with opened(httpx2.Client, timeout=ANSWER_S) as http:
            url = http.base_url
            response = http.get("/readyz")
    except httpx2.ReadTimeout:
        remedy = "the machine may be busy: try again when it is less so, then see the service's log"
        return Check("service", "warning", f"{url} did not answer within {ANSWER_S:g} s", remedy)
    except (httpx2.TransportError, UnreachableError) as error:
        remedy = "nas serve starts one; NAS_URL says where it is"
        return Check("service", "warning", f"none answers ({error})", remedy)
    if response.status_code != READY:
        return Check("service", "failed", f"{url} is not ready: {response.text[:200]}", "see its log")
    return Check("service", "ok", f"{url} is ready")


def _free(name: str, folder: Path, remedy: str, warning_gb: float, failure_gb: float) -> Check:
    used = shutil.disk_usage(existing(folder))
    detail = f"{size_text(used.free)} of {size_text(used.total)} free for {folder}"
    sizes_bytes = {"free": used.free, "total": used.total}
    if used.free >= warning_gb * GB:
        return Check(name, "ok", detail, sizes_bytes=sizes_bytes)
    return Check(name, "failed" if used.free < failure_gb * GB else "warning", detail, remedy, sizes_bytes)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
