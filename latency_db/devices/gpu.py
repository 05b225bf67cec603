"""The first NVIDIA GPU of this machine, read from its driver's files, and the base class of runtimes on it."""

import re
from pathlib import Path

from latency_db.devices.runtime import FP32, Runtime
from nas.machine.facts import read_fact

_DRIVER = Path("/proc/driver/nvidia")


class GpuRuntime(Runtime):
    """Available where there is a GPU; no library is loaded to find out."""

    in_caller = False
    multithreaded = False

    def unavailable(self, precision: str = FP32) -> str | None:
        if reason := super().unavailable(precision):
            return reason
        if gpu_name() is None:
            return f"{self.name} needs an NVIDIA GPU with its driver, and none was found on this machine"
        return None


def gpu_name(driver: Path = _DRIVER) -> str | None:
    """The GPU's model and its driver's version, which decide latencies; None without a GPU or its driver."""
    for information in sorted(driver.glob("gpus/*/information")):
        model = re.search(r"^Model:\s*(.+?)\s*$", information.read_text("utf-8"), re.MULTILINE)
        if model:
            version = re.search(r"\s(\d+(?:\.\d+)+)\s", read_fact(driver / "version") or "")
            return f"{model[1]}, driver {version[1]}" if version else model[1]
    return None
