"""The first NVIDIA GPU of this machine, as its driver's files tell it: no library is loaded to find out."""

import re
from pathlib import Path

_DRIVER = Path("/proc/driver/nvidia")
NEEDED = "an NVIDIA GPU with its driver, and this machine has none that it shows"


def gpu_name(driver: Path = _DRIVER) -> str | None:
    """Model and version of the driver, which decide latencies; None without a GPU, or without a driver for it."""
    for information in sorted(driver.glob("gpus/*/information")):
        model = re.search(r"^Model:\s*(.+?)\s*$", information.read_text("utf-8"), re.MULTILINE)
        if model:
            version = re.search(r"\s(\d+(?:\.\d+)+)\s", _read(driver / "version"))
            return f"{model[1]}, driver {version[1]}" if version else model[1]
    return None


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError:
        return ""
