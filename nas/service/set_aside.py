"""Folders that are removed in two steps: renamed, which takes no time, in a transaction, and emptied outside it."""

import secrets
import shutil
from pathlib import Path

_REMOVED = ".removed."


def set_aside(folder: Path) -> bool:
    """Rename the folder, for remove_set_aside; False if there is none."""
    try:
        folder.rename(folder.with_name(f"{_REMOVED}{folder.name}.{secrets.token_hex(4)}"))
    except FileNotFoundError:
        return False
    return True


def remove_set_aside(inside: Path) -> None:
    """Remove the folders inside this one that were set aside, also by processes that were killed since."""
    for folder in inside.glob(f"{_REMOVED}*"):
        shutil.rmtree(folder, ignore_errors=True)  # another process may be removing it
