"""The dispatcher: claims searches from the ledger and shares an executor's workers among them."""

import logging
import os
import secrets
import socket
import threading
import time

from nas.jobs.ledger import Ledger
from nas.jobs.records import Claim
from nas.service.parent import process_token
from nas.service.settings import Settings
from nas.sql.errors import LedgerError
from workers.dispatching.assignment import Assignment
from workers.dispatching.exports import Exporter
from workers.dispatching.housekeeping import Housekeeping
from workers.dispatching.inquiries import InquiryRunner
from workers.executing.executor import Executor
from workers.executing.scheduler import Scheduler

log = logging.getLogger(__name__)

TICK_S = 0.2
FOLLOW_S = 1.0
RENEW_S = 5.0
MAX_SEARCHES = 8
"""Limit of searches at a time in one dispatcher: each holds its images in memory."""
SEARCHES_A_WORKER = 2
"""More searches would wait here while another dispatcher may have free workers."""
DRAIN_S = 20.0


class Dispatcher:
    """Runs searches on one executor. Any number of dispatchers may share a ledger."""

    def __init__(self, ledger: Ledger, settings: Settings, executor: Executor) -> None:
        self._ledger, self._settings = ledger, settings
        self.scheduler = Scheduler(executor)
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{process_token()}{secrets.token_hex(3)}"
        self._searches: dict[str, Assignment] = {}
        self._alone: Assignment | None = None
        self._next_alone: str | None = None
        self._limit = min(MAX_SEARCHES, SEARCHES_A_WORKER * executor.workers)
        self._exporter = Exporter(ledger, settings, self.scheduler, self.owner)
        self._inquiries = InquiryRunner(ledger, settings, self.scheduler, self.owner)
        self._housekeeping = Housekeeping(ledger, settings)
        self._followed = self._renewed = 0.0

    def run(self, stop: threading.Event) -> None:
        """Run until stop is set or the executor is lost; then release the searches for other dispatchers."""
        while not stop.is_set() and not self.scheduler.lost.is_set():
            try:
                self._tick()
            except LedgerError as error:
                log.warning("%s", error)
                stop.wait(FOLLOW_S)
            stop.wait(TICK_S)
        self._drain()

    def _tick(self) -> None:
        self._searches = {name: search for name, search in self._searches.items() if not search.over}
        for search in self._searches.values():
            search.flush()
        now = time.monotonic()
        if now - self._followed >= FOLLOW_S:
            self._followed = now
            for record in self._ledger.claims.owned(self.owner):
                if record.id in self._searches:
                    self._searches[record.id].follow(record)
            self._ledger.claims.settle()
            self._make_room()
        if now - self._renewed >= RENEW_S:
            self._renewed = now
            for search in self._searches.values():
                search.renew()
        self._exporter.tick()
        self._inquiries.tick()
        self._housekeeping.tick()
        if self._alone is not None and (self._alone.over or self._alone.has_result):
            self._alone = None
        if self._next_alone is not None and not self._searches:
            self._claim_alone(self._next_alone)
        self._claim()

    def _claim(self) -> None:
        while self._alone is None and self._next_alone is None and len(self._searches) < self._limit:
            claim = self._ledger.claims.claim(self.owner, held=self._searches)
            if claim is None:
                return
            if claim.suspect and self._searches:
                self._give_others_up(claim)
            else:
                self._begin(claim)

    def _give_others_up(self, claim: Claim) -> None:
        """Stop what runs beside a search that is to run alone. It is given up as well until that is done: if one of the
        others ends this dispatcher meanwhile, that must not count as a death of its own.
        """
        log.warning("%s: others are given up, as it is to run alone", claim.search.id)
        self._next_alone = claim.search.id
        for other in self._searches.values():
            other.stop()
        self._ledger.claims.release(claim.lease)

    def _claim_alone(self, search_id: str) -> None:
        """Claim the search for which the others were given up, unless another dispatcher has it by now."""
        claim = self._ledger.claims.claim(self.owner, only=search_id)
        self._next_alone = None
        if claim is not None:
            self._begin(claim)

    def _begin(self, claim: Claim) -> None:
        log.info("%s: claimed, epoch %d", claim.search.id, claim.lease.epoch)
        assignment = self._searches[claim.search.id] = Assignment(self._ledger, self._settings, self.scheduler, claim)
        if claim.suspect:
            log.warning("%s: runs alone until it has a result, as its dispatchers have died", assignment.id)
            self._alone = assignment
        assignment.start()

    def _make_room(self) -> None:
        """Give the last search up if one that waits goes before it; what it has done is replayed when it is claimed
        again.
        """
        if len(self._searches) < self._limit or any(search.stopping for search in self._searches.values()):
            return
        last = max(self._searches.values(), key=lambda search: search.order)
        if self._ledger.claims.goes_before(last.record):
            log.info("%s: given up for a search that goes before it", last.id)
            last.stop()

    def _drain(self) -> None:
        self._exporter.stop()
        self._inquiries.stop()
        self._housekeeping.stop()
        for search in self._searches.values():
            search.stop()
        deadline = time.monotonic() + DRAIN_S
        for search in self._searches.values():
            search.join(max(0.0, deadline - time.monotonic()))
        self._inquiries.join(max(0.0, deadline - time.monotonic()))
        self._housekeeping.join(max(0.0, deadline - time.monotonic()))
