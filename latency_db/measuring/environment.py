"""The state of the machine at this moment, as far as the system reports it."""

import os
import platform
import re
from pathlib import Path
from typing import Any

from nas.machine.cgroup import quota_waits
from nas.machine.facts import read_fact

_ROOT = Path("/")
_CORE = "sys/devices/system/cpu/cpu0/cpufreq"
_FILES = {"governor": f"{_CORE}/scaling_governor", "frequency_khz": f"{_CORE}/scaling_cur_freq"}
_ZONES = "sys/class/thermal/thermal_zone*"
_THROTTLES = "sys/devices/system/cpu/cpu*/thermal_throttle/core_throttle_count"
_BOARD = "sys/devices/platform/soc/soc:firmware/get_throttled"
"""Bits of a Raspberry Pi's firmware; the lower four are the current state."""

_BOARD_NOW = 0xF


def environment(root: Path = _ROOT) -> dict[str, Any]:
    """Facts that change from session to session; those that cannot be read are left out."""
    facts: dict[str, Any] = {"kernel": platform.release(), "python": platform.python_version()}
    if hasattr(os, "getloadavg"):
        facts["load_1min"] = round(os.getloadavg()[0], 2)
    for fact, path in _FILES.items():
        text = read_fact(root / path)
        if text is not None:
            facts[fact] = int(text) if text.isdigit() else text
    clock_mhz = re.search(r"^cpu MHz\s*: ([0-9.]+)$", read_fact(root / "proc" / "cpuinfo") or "", re.MULTILINE)
    if "frequency_khz" not in facts and clock_mhz:
        facts["frequency_khz"] = round(float(clock_mhz[1]) * 1000)
    if temperatures := [found for zone in root.glob(_ZONES) if (found := _integer(zone / "temp")) is not None]:
        facts["temperature_millicelsius"] = max(temperatures)
    if (count := throttle_count(root)) is not None:
        facts["throttle_count"] = count
    if (count := quota_waits(root)) is not None:
        facts["quota_waits"] = count
    return facts


def throttle_count(root: Path = _ROOT) -> int | None:
    """How often the cores were slowed down for heat since the start of the machine."""
    counts = [found for file in root.glob(_THROTTLES) if (found := _integer(file)) is not None]
    return sum(counts) if counts else None


def heat(root: Path = _ROOT) -> str | None:
    """Why the machine is too hot, by its own limits: a zone at its trip point, or firmware that throttles."""
    for zone in sorted(root.glob(_ZONES)):
        temperature = _integer(zone / "temp")
        limit = _trip_point(zone)
        if temperature is not None and limit is not None and temperature >= limit:
            name = read_fact(zone / "type") or zone.name
            return f"{name} is at {temperature / 1000:g} °C, its limit is {limit / 1000:g}"
    bits = read_fact(root / _BOARD)
    if bits is not None and re.fullmatch(r"(0x)?[0-9a-f]+", bits) and int(bits, 16) & _BOARD_NOW:
        return f"the firmware slows the processor down (throttled={bits})"
    return None


def _trip_point(zone: Path) -> int | None:
    """The lowest temperature at which the system slows down or stops, if the zone has one."""
    limits = []
    for kind in zone.glob("trip_point_*_type"):
        limit = _integer(zone / kind.name.replace("_type", "_temp"))
        if read_fact(kind) in ("passive", "hot", "critical") and limit is not None and limit > 0:
            limits.append(limit)
    return min(limits) if limits else None


def _integer(path: Path) -> int | None:
    text = read_fact(path)
    return int(text) if text is not None and re.fullmatch(r"-?[0-9]+", text) else None
