"""Removes what nobody needs any more: searches deleted long ago, scratch folders, content that nothing refers to.

Any number of processes may clean at once. Each step is one short transaction that holds what it removes, so that no
process begins to use it meanwhile; a process that is killed leaves the rest to the next one that cleans.
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
"""What was added or used within this time is kept: its references may be under way."""

_REMOVED = ".removed."


@dataclass(frozen=True, slots=True)
class Cleaned:
    """How many of each were removed."""

    searches: int = 0
    artifacts: int = 0
    scratch_folders: int = 0


def clean(ledger: Ledger, settings: Settings, stopped: Callable[[], bool] = lambda: False) -> Cleaned:
    """Remove what nobody needs any more; ends early once stopped() is true.

    LedgerError or OSError where that cannot be done; what was removed until then is removed.
    """
    folders = _clean_scratch(ledger, settings.scratch, stopped)
    searches = _purge(ledger, settings, stopped)
    ledger.searches.forget_keys()
    artifacts = _collect(ledger, ArtifactStore(settings.artifacts, ledger.artifacts), stopped)
    return Cleaned(searches, artifacts, folders)


def _purge(ledger: Ledger, settings: Settings, stopped: Callable[[], bool]) -> int:
    """The searches that were deleted longer ago than they are to be kept."""
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
    """Content that no search, export or finished training refers to."""
    store.remove_unfinished(MIN_AGE.total_seconds())
    count = 0
    for sha256 in ledger.artifacts.unreferenced(MIN_AGE):
        if stopped():
            break
        with ledger.artifacts.removing(sha256, MIN_AGE) as free:
            if free:  # the file first: without it the record is found again, without the record the file is not
                store.remove(sha256)
        count += free
    return count


def _clean_scratch(ledger: Ledger, scratch: Path, stopped: Callable[[], bool]) -> int:
    """Folders of searches that have ended or are deleted. Folders of searches that are not in this ledger stay."""
    count = 0
    for folder in sorted(scratch.glob("srch_*")):
        if stopped():
            break
        with ledger.searches.at_rest(folder.name, MIN_AGE) as at_rest:
            count += at_rest and _set_aside(folder)
    _remove_set_aside(scratch)
    return count


def _set_aside(folder: Path) -> bool:
    """Rename the folder at once, to be removed when no transaction waits for it; False if there is none."""
    try:
        folder.rename(folder.with_name(f"{_REMOVED}{folder.name}.{secrets.token_hex(4)}"))
    except FileNotFoundError:
        return False
    return True


def _remove_set_aside(scratch: Path) -> None:
    for folder in scratch.glob(f"{_REMOVED}*"):
        shutil.rmtree(folder, ignore_errors=True)  # another process may be at it
