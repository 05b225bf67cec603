"""Cleans the ledger and its files periodically, while searches run."""

import logging
import threading
import time
from dataclasses import astuple

from nas.jobs.ledger import Ledger
from nas.quantities import HOUR_S
from nas.service.cleaning import Cleaned, clean
from nas.service.settings import Settings
from nas.sql.errors import LedgerError

log = logging.getLogger(__name__)

EVERY_S = HOUR_S


class Housekeeping:
    """Cleans in a thread of its own, at the first tick and then once an hour; tick() is to be called often."""

    def __init__(self, ledger: Ledger, settings: Settings) -> None:
        self._ledger, self._settings = ledger, settings
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._due = 0.0

    def tick(self) -> None:
        """Start a cleaning if one is due and none runs."""
        now = time.monotonic()
        if now < self._due or (self._thread is not None and self._thread.is_alive()):
            return
        self._due = now + EVERY_S
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask the cleaning to end after its current step; join() waits for it."""
        self._stop.set()

    def join(self, timeout_s: float) -> None:
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            cleaned = clean(self._ledger, self._settings, self._stop)
        except (LedgerError, OSError) as error:
            log.warning("cleaning was given up: %s", error)
            return
        if cleaned != Cleaned():
            log.info(
                "removed %d deleted searches, %d artifacts, %d scratch folders, %d uploads, %d results of trainings",
                *astuple(cleaned),
            )
