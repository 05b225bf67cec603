"""Removes what is not needed any more: old deleted searches, scratch folders, artifacts that nothing refers to.

Any number of processes may clean at once. Each step is one short transaction that locks what it removes, so that no
other process can begin to use it. What a killed process has not removed, the next cleaning removes.
"""

import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from nas.jobs.ledger import Ledger
from nas.service.artifact_store import ArtifactStore
from nas.service.settings import Settings

MIN_AGE = timedelta(days=1)
"""Artifacts added, and searches ended, within this time are kept: a process may be about to refer to them."""

_REMOVED = ".removed."


@dataclass(frozen=True, slots=True)
class Cleaned:
    """How many of each were removed."""

    searches: int = 0
    artifacts: int = 0
    scratch_folders: int = 0


def clean(ledger: Ledger, settings: Settings, stopped: Callable[[], bool] = lambda: False) -> Cleaned:
    """Remove what is not needed any more; ends early once stopped() is true.

    LedgerError if the ledger, OSError if the disk cannot be used; call it again later.
    """
    folders = _clean_scratch(ledger, settings.scratch, stopped)
    searches = _purge(ledger, settings, stopped)
    ledger.searches.forget_keys()
    artifacts = _collect(ledger, ArtifactStore(settings.artifacts, ledger.artifacts), stopped)
    return Cleaned(searches, artifacts, folders)


def _purge(ledger: Ledger, settings: Settings, stopped: Callable[[], bool]) -> int:
    """Purge searches that were deleted keep_deleted_days ago; returns their number."""
    kept, count = timedelta(days=settings.keep_deleted_days), 0
    while kept and not stopped():
        with ledger.searches.purging(kept) as search_id:
            if search_id is None:
                break
            _set_aside(settings.scratch / search_id)
        count += 1
    _remove_set_aside(settings.scratch)
    return count


def _collect(ledger: Ledger, store: ArtifactStore, stopped: Callable[[], bool]) -> int:
    """Remove artifacts that no search, export or finished training refers to; returns their number."""
    store.remove_unfinished(MIN_AGE.total_seconds())
    count = 0
    for sha256 in ledger.artifacts.unreferenced(MIN_AGE):
        if stopped():
            break
        with ledger.artifacts.removing(sha256, MIN_AGE) as free:
            if free:  # before its record: a record without file is found again, a file without record is not
                store.remove(sha256)
        count += free
    return count


def _clean_scratch(ledger: Ledger, scratch: Path, stopped: Callable[[], bool]) -> int:
    """Remove folders of searches that have ended or are deleted; returns their number.

    Folders of searches that are not in this ledger are kept.
    """
    count = 0
    for folder in sorted(scratch.glob("srch_*")):
        if stopped():
            break
        with ledger.searches.at_rest(folder.name, MIN_AGE) as at_rest:
            count += at_rest and _set_aside(folder)
    _remove_set_aside(scratch)
    return count


def _set_aside(folder: Path) -> bool:
    """Rename the folder, which takes no time, to remove it outside the transaction; False if there is none."""
    try:
        folder.rename(folder.with_name(f"{_REMOVED}{folder.name}.{secrets.token_hex(4)}"))
    except FileNotFoundError:
        return False
    return True


def _remove_set_aside(scratch: Path) -> None:
    for folder in scratch.glob(f"{_REMOVED}*"):
        shutil.rmtree(folder, ignore_errors=True)  # another process may be removing it
