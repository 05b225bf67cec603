"""Files in which the operating system and the firmware report facts about a machine."""

from pathlib import Path


def read_fact(path: Path) -> str | None:
    """The file's text without white space around it; None if it is missing or cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape").strip()
    except OSError:
        return None
