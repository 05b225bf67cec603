"""Devices: what a latency belongs to, and the names by which people speak of them."""

import hashlib
import json
import os
import platform
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from latency_db.runtime import runtime
from nas.errors import UnknownNameError

LOCAL_RUNTIME = "onnxruntime_cpu"
_LOCAL_NAME = re.compile(r"local-cpu-([1-9][0-9]{0,2})t")


@dataclass(frozen=True, slots=True)
class Device:
    """A machine with one way to run networks on it. Latencies of different devices are never mixed.

    fingerprint: the facts that decide latency: processor, cores, operating system, runtime and its version.
    """

    name: str
    runtime: str
    precision: str
    threads: int
    fingerprint: Mapping[str, str]

    @property
    def runtime_version(self) -> str:
        return self.fingerprint["runtime_version"]

    @property
    def machine(self) -> dict[str, str]:
        """The facts of the fingerprint that do not change with the runtime."""
        return {fact: value for fact, value in self.fingerprint.items() if not fact.startswith("runtime")}

    @property
    def machine_id(self) -> str:
        """Content id of the machine's facts, 8 hexadecimal digits."""
        return _digest(self.machine)

    @property
    def id(self) -> str:
        """Content id of the whole fingerprint, 8 hexadecimal digits; another runtime version has another."""
        return _digest(self.fingerprint)


def _digest(facts: Mapping[str, str]) -> str:
    canonical = json.dumps(dict(facts), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:8]


def is_local_name(name: str) -> bool:
    """Whether name is written as this machine's devices are, `local-cpu-Nt` for N threads."""
    return _LOCAL_NAME.fullmatch(name) is not None


def local_device(name: str, known: Iterable[str] = ()) -> Device:
    """This machine with ONNX Runtime on the CPU in 32-bit floats: `local-cpu-1t`, `local-cpu-2t`, ... by threads.

    UnknownNameError lists the local names and the further ones in known.
    """
    match = _LOCAL_NAME.fullmatch(name)
    cores = core_count()
    if match is None or int(match[1]) > cores:
        raise UnknownNameError("device", name, {*local_names(), *known})
    return Device(name, LOCAL_RUNTIME, "fp32", int(match[1]), local_fingerprint(LOCAL_RUNTIME))


def local_names() -> list[str]:
    """The usual names of this machine: one thread, two, and all cores."""
    return [f"local-cpu-{threads}t" for threads in sorted({1, min(2, core_count()), core_count()})]


def is_local(device: Device) -> bool:
    """Whether device is this machine with the runtime that is installed now."""
    return device.runtime in runtime and device.fingerprint == local_fingerprint(device.runtime)


def local_fingerprint(runtime_name: str) -> dict[str, str]:
    return {
        "cpu": _cpu_model(),
        "cores": str(core_count()),
        "os": f"{platform.system()} {platform.machine()}",
        "runtime": runtime_name,
        "runtime_version": runtime.make(runtime_name).version(),
    }


def core_count() -> int:
    """Logical cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu_model() -> str:
    """Model name with family and model number, as clouds give many processors one name."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    facts = dict(re.findall(r"^([a-z][a-z ]*?)\s*: (.*)$", text, re.MULTILINE))
    name = facts.get("model name") or platform.processor() or platform.machine()
    numbers = [f"{fact.removeprefix('cpu ')} {facts[fact]}" for fact in ("cpu family", "model") if fact in facts]
    return f"{name} ({', '.join(numbers)})" if numbers else name
