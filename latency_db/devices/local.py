"""The devices of this machine: their names, and the facts that identify the machine."""

import platform
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from latency_db.devices.device import Device
from latency_db.devices.runtime import FP32, INT8, runtime
from nas.errors import UnknownNameError
from nas.machine.cgroup import core_count
from nas.machine.facts import read_fact
from nas.machine.processor import processor_name

DEFAULT_RUNTIME = "onnxruntime_cpu"
_LOCAL_NAME = re.compile(r"local-([a-z][a-z_]*)(?:-([a-z][a-z0-9_]*))?-([1-9][0-9]{0,2})t")
_CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
_KIB_PER_GIB = 1 << 20


class LocalName(NamedTuple):
    """The parts of a local device's name: `local-RUNTIME[-PRECISION]-Nt`, N the number of threads.

    32-bit floats are left out, and `cpu` stands for ONNX Runtime on the CPU: `local-cpu-1t`, `local-openvino-2t`,
    `local-onnxruntime_cpu-int8-1t`. Each target has one name.
    """

    runtime: str
    precision: str
    threads: int

    @classmethod
    def read(cls, name: str) -> "LocalName | None":
        """The parts of a name; None if it has another form, or its runtime or precision does not exist."""
        match = _LOCAL_NAME.fullmatch(name)
        if match is None:
            return None
        runtime_name = DEFAULT_RUNTIME if match[1] == "cpu" else match[1]
        found = cls(runtime_name, match[2] or FP32, int(match[3]))
        known = runtime_name in runtime and found.precision in runtime[runtime_name].precisions
        return found if known and str(found) == name else None

    def __str__(self) -> str:
        if self.precision != FP32:
            return f"local-{self.runtime}-{self.precision}-{self.threads}t"
        return f"local-{'cpu' if self.runtime == DEFAULT_RUNTIME else self.runtime}-{self.threads}t"

    def refusal(self) -> str | None:
        """Why this machine does not have this device, with the remedy; None if it does."""
        made, cores = runtime.make(self.runtime), core_count()
        if self.threads > (cores if made.multithreaded else 1):
            return f"this machine has {cores} cores" if made.multithreaded else f"{self.runtime} has one thread"
        return made.unavailable(self.precision)


def is_local_name(name: str) -> bool:
    """Whether name is that of a device of this machine, as LocalName writes it, which can be measured now."""
    found = LocalName.read(name)
    return found is not None and found.refusal() is None


def local_device(name: str, known: Iterable[str] = ()) -> Device:
    """The device of this machine with this name, as LocalName writes it.

    UnknownNameError lists the local names and those in known, or says which package is missing.
    """
    found = LocalName.read(name)
    refusal = found.refusal() if found else None
    if found is None or refusal:
        raise UnknownNameError("device", name, {*local_names(), *known}, refusal)
    return Device(name, found.runtime, found.precision, found.threads, local_fingerprint(found.runtime))


def local_names() -> list[str]:
    """Names of the devices of this machine, the default runtime first, each with one thread, two, and all cores.

    Of the recipes for 8-bit integers only the default is listed; devices of the others can be named too.
    """
    return [
        str(LocalName(name, precision, threads))
        for name in sorted(runtime, key=lambda name: (name != DEFAULT_RUNTIME, name))
        for precision in runtime[name].precisions
        if precision in {FP32, INT8} and runtime.make(name).unavailable(precision) is None
        for threads in (sorted({1, min(2, core_count()), core_count()}) if runtime[name].multithreaded else [1])
    ]


def is_local(device: Device) -> bool:
    """Whether device is this machine with the runtime that is installed now."""
    if device.runtime not in runtime or runtime.make(device.runtime).unavailable(device.precision):
        return False
    return device.fingerprint == local_fingerprint(device.runtime)


def local_fingerprint(runtime_name: str) -> dict[str, str]:
    """The facts of this machine, read once, and of a runtime that is available."""
    return {
        **_machine(),
        "cores": str(core_count()),
        "runtime": runtime_name,
        "runtime_version": runtime.make(runtime_name).version(),
    }


@cache
def _machine() -> Mapping[str, str]:
    facts = {
        "cpu": processor_name(),
        **_caches(),
        "memory": _memory(),
        "os": f"{platform.system()} {platform.machine()}",
    }
    return {fact: value for fact, value in facts.items() if value}


def _caches() -> dict[str, str]:
    """Sizes of the first core's data caches, by level; unknown ones are left out."""
    sizes: dict[str, str] = {}
    for cache_folder in sorted(_CACHES.glob("index*")):
        kind, level, size = (read_fact(cache_folder / fact) for fact in ("type", "level", "size"))
        if kind and level and size and kind != "Instruction":
            sizes[f"cache_l{level}"] = size
    return sizes


def _memory() -> str:
    """Memory in whole gibibytes, since the system reserves a different amount at each start."""
    total = re.search(r"^MemTotal:\s*(\d+) kB$", read_fact(Path("/proc/meminfo")) or "", re.MULTILINE)
    return f"{round(int(total[1]) / _KIB_PER_GIB)} GiB" if total else ""
