"""One check of a machine: what was found, and what to do if that is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

GB, MB = 10**9, 10**6


@dataclass(frozen=True, slots=True)
class Check:
    """One check's result. remedy: empty where nothing is wrong. sizes_bytes: disk use, by what it is for."""

    name: str
    state: Literal["ok", "warning", "failed"]
    detail: str
    remedy: str = ""
    sizes_bytes: Mapping[str, int] = field(default_factory=dict)


def size_text(size_bytes: int) -> str:
    return f"{size_bytes / GB:.1f} GB" if size_bytes >= GB / 10 else f"{size_bytes / MB:.1f} MB"
