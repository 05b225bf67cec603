"""Removes uploaded data sets: on request, or when no search has named them for long enough."""

import re
import time
from datetime import timedelta
from pathlib import Path
from threading import Event

from nas.jobs.errors import NotFoundError
from nas.jobs.ledger import Ledger
from nas.service.set_aside import remove_set_aside, set_aside

_DIGEST = re.compile(r"[0-9a-f]{64}")


def remove_upload(ledger: Ledger, uploads: Path, sha256: str) -> tuple[str, ...]:
    """Remove the upload of this digest, unless searches that are not finished use it; returns the ids of these.

    NotFoundError if there is no such upload.
    """
    with ledger.uploads.uses(sha256) as use:
        if not use.open and not set_aside(uploads / sha256):
            raise NotFoundError(f"no upload {sha256}")
    remove_set_aside(uploads)
    return use.open


def remove_unused_uploads(ledger: Ledger, uploads: Path, kept: timedelta, stop: Event) -> int:
    """Remove uploads that came longer ago than kept and that no search names, deleted ones included; their number."""
    old = [folder for folder in sorted(uploads.glob("*/")) if _DIGEST.fullmatch(folder.name) and _is_old(folder, kept)]
    named = ledger.uploads.named() if old else frozenset()
    count = 0
    for folder in old:
        if folder.name in named:
            continue
        if stop.is_set():
            break
        with ledger.uploads.uses(folder.name) as use:
            # Again: it may have been sent again, or named by a search, meanwhile.
            count += not use.named and _is_old(folder, kept) and set_aside(folder)
    remove_set_aside(uploads)
    return count


def _is_old(folder: Path, kept: timedelta) -> bool:
    try:
        return time.time() - folder.stat().st_mtime >= kept.total_seconds()
    except FileNotFoundError:  # removed meanwhile
        return False
