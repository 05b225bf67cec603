"""The name of this machine's processor, from the Linux kernel."""

import platform
import re
from pathlib import Path

from nas.machine.facts import read_fact

_ROOT = Path("/")
_BOARD = "proc/device-tree/model"
_ARM_CORE = re.compile(r"^CPU implementer\s*: (\w+)$.*?^CPU part\s*: (\w+)$", re.MULTILINE | re.DOTALL)


def processor_name(root: Path = _ROOT) -> str:
    """Model name with family and model number, since clouds give many processors the same name.

    On ARM, the name of the board, with the implementer and part number of each kind of core.
    """
    text = read_fact(root / "proc" / "cpuinfo") or ""
    facts = dict(re.findall(r"^(\w[\w ]*?)\s*: (.*)$", text, re.MULTILINE))
    board = (read_fact(root / _BOARD) or "").rstrip("\0")
    name = facts.get("Model") or facts.get("model name") or board or platform.processor() or platform.machine()
    numbers = [f"{fact.removeprefix('cpu ')} {facts[fact]}" for fact in ("cpu family", "model") if fact in facts]
    kinds = sorted(set(_ARM_CORE.findall(text)))
    numbers += [f"implementer {implementer} part {part}" for implementer, part in kinds]
    return f"{name} ({', '.join(numbers)})" if numbers else name
