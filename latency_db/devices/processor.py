"""The name of this machine's processor, from the Linux kernel."""

import platform
import re
from pathlib import Path

_ROOT = Path("/")
_BOARD = "proc/device-tree/model"
_ARM_CORE = re.compile(r"^CPU implementer\s*: (\w+)$.*?^CPU part\s*: (\w+)$", re.MULTILINE | re.DOTALL)


def processor_name(root: Path = _ROOT) -> str:
    """Model name with family and model number, since clouds give many processors the same name.

    On ARM, the name of the board, with the implementer and part number of each kind of core.
    """
    try:
        text = (root / "proc" / "cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return _bare_name()
    facts = dict(re.findall(r"^(\w[\w ]*?)\s*: (.*)$", text, re.MULTILINE))
    name = facts.get("Model") or facts.get("model name") or _board(root) or _bare_name()
    numbers = [f"{fact.removeprefix('cpu ')} {facts[fact]}" for fact in ("cpu family", "model") if fact in facts]
    kinds = sorted(set(_ARM_CORE.findall(text)))
    numbers += [f"implementer {implementer} part {part}" for implementer, part in kinds]
    return f"{name} ({', '.join(numbers)})" if numbers else name


def _board(root: Path) -> str | None:
    """The name of the board from the firmware; None if it has none."""
    try:
        return (root / _BOARD).read_text(encoding="utf-8").rstrip("\0")
    except OSError:
        return None


def _bare_name() -> str:
    return platform.processor() or platform.machine()
