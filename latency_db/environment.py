"""The state of the machine at a moment, as far as it can be read; what cannot be read is left out."""

import os
import platform
from pathlib import Path
from typing import Any

_FILES = {
    "governor": "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
    "frequency_khz": "/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq",
    "temperature_millicelsius": "/sys/class/thermal/thermal_zone0/temp",
}


def environment() -> dict[str, Any]:
    """Facts that change from session to session; numbers where the system gives numbers."""
    facts: dict[str, Any] = {"kernel": platform.release(), "python": platform.python_version()}
    if hasattr(os, "getloadavg"):
        facts["load_1min"] = round(os.getloadavg()[0], 2)
    for fact, path in _FILES.items():
        try:
            text = Path(path).read_text(encoding="ascii").strip()
        except OSError:
            continue
        facts[fact] = int(text) if text.isdigit() else text
    return facts
