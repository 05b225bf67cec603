"""Inquiries of the service: one at a time in a dispatcher, beside its searches."""

import logging
import threading
import time
from concurrent.futures import CancelledError

from nas.errors import NasError
from nas.jobs.errors import FencedError
from nas.jobs.inquiries.record import InquiryClaim, InquiryState
from nas.jobs.ledger import Ledger
from nas.jobs.records import Json
from nas.service.artifact_store import ArtifactStore
from nas.service.data_root import shown
from nas.service.set_aside import remove_set_aside, set_aside
from nas.service.settings import Settings
from nas.sql.errors import LedgerError
from nas.trial import Metrics, Trial
from workers.dispatching.answers import ANSWERS, Answer, Means
from workers.dispatching.inquiry_store import InquiryStore
from workers.dispatching.ledger_store import StoppedError
from workers.executing.scheduler import Scheduler

log = logging.getLogger(__name__)

POLL_S, RENEW_S = 1.0, 3.0
"""How often to look for an inquiry, and to renew the lease and write the progress of the one under way."""


class ProgressKeeper:
    """A ProgressListener that keeps the last phase and step for the ledger, and stops what is to stop."""

    def __init__(self, store: InquiryStore) -> None:
        self._store = store
        self.progress: Json = {"phase": "STARTING"}

    def say(self, text: str) -> None:
        log.info("%s: %s", self._store.path.name, text)

    def phase(self, phase: str) -> None:
        self._store.go_on()
        self.progress = {"phase": phase}

    def step(self, what: str, done: int, total: int, left_s: float | None = None) -> None:  # noqa: ARG002 - not shown
        self._store.go_on()
        self.progress = {"phase": self.progress["phase"], "what": what, "done": done, "total": total}

    def epoch(self, what: str, trial: int | None, epoch: int, epochs: int, metrics: Metrics) -> None:
        """Not shown; trainings are counted."""

    def started(self, number: int) -> None:
        """An inquiry has no trials."""

    def trial(self, trial: Trial, total: int) -> None:
        """An inquiry has no trials."""


class _Work:
    """One claimed inquiry, carried out in a thread of its own."""

    def __init__(self, ledger: Ledger, settings: Settings, scheduler: Scheduler, claim: InquiryClaim) -> None:
        self._ledger, self._settings, self.claim = ledger, settings, claim
        artifacts = ArtifactStore(settings.artifacts, ledger.artifacts)
        self._store = InquiryStore(ledger, claim.lease, artifacts, settings.scratch / claim.inquiry.id)
        self._quota = scheduler.quota()
        self._listener = ProgressKeeper(self._store)
        self._answer: Answer | None = None
        self.thread = threading.Thread(target=self._run, name=claim.inquiry.id, daemon=True)

    def stop(self) -> None:
        self._store.stop()
        self._quota.stop()

    def renew(self) -> None:
        """Renew the lease, write the progress; stop if a client has cancelled it or another dispatcher has it."""
        left_s = None if self._answer is None else self._answer.left_s()
        progress = self._listener.progress | {"left_s": left_s}
        try:
            state = self._ledger.inquiries.renew(self.claim.lease, progress=progress).state
        except FencedError:
            log.warning("%s: another dispatcher has it", self.claim.inquiry.id)
            self.stop()
        else:
            if state is InquiryState.CANCELLING:
                self.stop()

    def _run(self) -> None:
        inquiries, lease = self._ledger.inquiries, self.claim.lease
        try:
            try:
                result = self._result()
            except (CancelledError, StoppedError):
                self._end_stopped()
            except (FencedError, LedgerError):
                raise
            except NasError as error:
                inquiries.end(lease, InquiryState.FAILED, reason=shown(str(error), self._settings.data_root))
            except Exception:
                log.exception("%s failed by an error of the program", lease.inquiry_id)
                reason = "an error of the program; its log has the details"
                inquiries.end(lease, InquiryState.FAILED, reason=reason)
            else:
                inquiries.end(lease, InquiryState.SUCCEEDED, result=result)
                set_aside(self._store.path)
                remove_set_aside(self._settings.scratch)
        except (FencedError, LedgerError) as error:
            log.warning("%s: given up: %s", lease.inquiry_id, error)
        finally:
            self._quota.stop()

    def _result(self) -> Json:
        inquiry, means = self.claim.inquiry, Means(self._store, self._listener, self._quota, self._settings)
        self._answer = ANSWERS[inquiry.kind](inquiry, means)
        return self._answer.run()

    def _end_stopped(self) -> None:
        """As a client has asked for, or else released for another dispatcher."""
        inquiries, lease = self._ledger.inquiries, self.claim.lease
        if inquiries.get(lease.inquiry_id).state is InquiryState.CANCELLING:
            inquiries.end(lease, InquiryState.CANCELLED)
        else:
            inquiries.release(lease)


class InquiryRunner:
    """Carries out one inquiry at a time; tick() is to be called often."""

    def __init__(self, ledger: Ledger, settings: Settings, scheduler: Scheduler, owner: str) -> None:
        self._ledger, self._settings, self._scheduler, self._owner = ledger, settings, scheduler, owner
        self._work: _Work | None = None
        self._polled = 0.0

    def tick(self) -> None:
        """Renew the lease of the inquiry under way, or claim the next one; each at most once every few seconds."""
        busy = self._work is not None and self._work.thread.is_alive()
        if time.monotonic() - self._polled < (RENEW_S if busy else POLL_S):
            return
        self._polled = time.monotonic()
        if busy and self._work:
            self._work.renew()
            return
        claim = self._ledger.inquiries.claim(self._owner)
        if claim:
            log.info("%s: claimed, epoch %d", claim.inquiry.id, claim.lease.epoch)
            self._work = _Work(self._ledger, self._settings, self._scheduler, claim)
            self._work.thread.start()

    def stop(self) -> None:
        """Stop the inquiry under way; another dispatcher takes it up."""
        if self._work:
            self._work.stop()

    def join(self, timeout_s: float) -> None:
        if self._work:
            self._work.thread.join(timeout_s)
