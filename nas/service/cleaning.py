"""Removes what is not needed any more: old deleted searches and inquiries, unused uploads and results of trainings,
scratch folders, artifacts that nothing refers to.

Any number of processes may clean at once. Each step is one short transaction that locks what it removes, so that no
other process can begin to use it. What a killed process has not removed, the next cleaning removes.
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Event

from nas.jobs.errors import NotFoundError
from nas.jobs.inquiries.record import InquiryKind
from nas.jobs.ledger import Ledger
from nas.service.artifact_store import ArtifactStore
from nas.service.set_aside import remove_set_aside, set_aside
from nas.service.settings import Settings
from nas.service.upload_removal import remove_unused_uploads

MIN_AGE = timedelta(days=1)
"""Artifacts added within this time are kept: a process may be about to refer to them."""

SCRATCH_AGE = timedelta(hours=1)
"""Scratch folders of searches that ended within this time are kept: it holds checkpoints, and copies of artifacts."""

INQUIRIES_KEPT = timedelta(days=30)
"""How long inquiries that have ended can be read. Their trainings are kept as those of searches are."""

_AT_ONCE = 20
_PAUSE_S = 0.2
"""Pause between transactions: SQLite's other writers try again every 0.1 s, and must find a gap."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """How many of each were removed."""

    searches: int = 0
    artifacts: int = 0
    scratch_folders: int = 0
    uploads: int = 0
    trainings: int = 0


def clean(ledger: Ledger, settings: Settings, stop: Event) -> Cleaned:
    """Remove what is not needed any more; ends early once stop is set.

    LedgerError if the ledger, OSError if the disk cannot be used; call it again later.
    """
    folders = _clean_scratch(ledger, settings.scratch, stop)
    searches = _purge(ledger, settings, stop)
    ledger.searches.forget_keys()
    ledger.inquiries.forget(INQUIRIES_KEPT)
    uploads = trainings = 0
    if settings.keep_uploads_days:
        kept = timedelta(days=settings.keep_uploads_days)
        uploads = remove_unused_uploads(ledger, settings.uploads, kept, stop)
    if settings.keep_trainings_days:
        trainings = ledger.trainings.forget(timedelta(days=settings.keep_trainings_days))
    artifacts = _collect(ledger, ArtifactStore(settings.artifacts, ledger.artifacts), stop)
    return Cleaned(searches, artifacts, folders, uploads, trainings)


def _purge(ledger: Ledger, settings: Settings, stop: Event) -> int:
    """Purge searches that were deleted keep_deleted_days ago; returns their number."""
    kept, count = timedelta(days=settings.keep_deleted_days), 0
    while kept and not stop.is_set():
        with ledger.searches.purging(kept) as search_id:
            if search_id is None:
                break
            set_aside(settings.scratch / search_id)
        try:
            while not ledger.searches.purge_part(search_id):
                if stop.wait(_PAUSE_S):
                    return count
            count += 1
        except NotFoundError:  # another process was faster
            continue
    remove_set_aside(settings.scratch)
    return count


def _collect(ledger: Ledger, store: ArtifactStore, stop: Event) -> int:
    """Remove artifacts that no search, export or finished training refers to; returns their number."""
    store.remove_unfinished(MIN_AGE.total_seconds())
    digests, count = ledger.artifacts.unreferenced(MIN_AGE), 0
    for start in range(0, len(digests), _AT_ONCE):
        if stop.wait(_PAUSE_S if start else 0):
            break
        with ledger.artifacts.removing(digests[start : start + _AT_ONCE], MIN_AGE) as free:
            for sha256 in free:  # before its record: a record without file is found again, a file without record is not
                store.remove(sha256)
        count += len(free)
    return count


def _clean_scratch(ledger: Ledger, scratch: Path, stop: Event) -> int:
    """Remove folders of searches that have ended or are deleted, and of inquiries that have ended; returns how many.

    Folders of searches that are not in this ledger are kept.
    """
    count = 0
    for folder in sorted(scratch.glob("srch_*")):
        if stop.is_set():
            break
        with ledger.searches.at_rest(folder.name, SCRATCH_AGE) as at_rest:
            count += at_rest and set_aside(folder)
    for folder in sorted(folder for kind in InquiryKind for folder in scratch.glob(f"{kind.prefix}_*")):
        count += not ledger.inquiries.is_open(folder.name) and set_aside(folder)
    remove_set_aside(scratch)
    return count
