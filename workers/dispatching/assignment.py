"""One search that this dispatcher has claimed, carried out in a thread of its own."""

import logging
import re
import threading
import time
from concurrent.futures import CancelledError
from datetime import datetime

from nas.dataset import dataset
from nas.errors import ChangedDataError, ChangedError, NasError, SpecError, UnknownNameError
from nas.jobs.errors import FencedError
from nas.jobs.ledger import Ledger
from nas.jobs.owner import SearchOwner
from nas.jobs.records import Claim, SearchRecord
from nas.jobs.states import SearchState
from nas.service.artifact_store import ArtifactStore
from nas.service.data_root import resolve_path, shown
from nas.service.settings import Settings
from nas.spec import SearchSpec, parse_spec
from nas.spec.images import with_size
from nas.sql.errors import LedgerError
from workers.dispatching.ledger_listener import LedgerListener
from workers.dispatching.ledger_store import LedgerStore, StoppedError
from workers.executing.scheduler import Scheduler
from workers.searching.pipeline import Pipeline

log = logging.getLogger(__name__)

AFTER_FAULT_S = 3.0
"""Time between attempts to give a search up while the ledger cannot be used."""
SHOWN_AFTER_S = 10.0
"""Searches that take turns on a worker wait for shorter times all along."""


class Assignment:
    """Runs a claimed search until it ends or is stopped, and writes its state to the ledger."""

    def __init__(self, ledger: Ledger, settings: Settings, scheduler: Scheduler, claim: Claim) -> None:
        self._ledger, self._claim = ledger, claim
        self.id, self.record = claim.search.id, claim.search
        self._settings = settings
        self._owner = SearchOwner(ledger, claim.lease)
        artifacts = ArtifactStore(settings.artifacts, ledger.artifacts)
        self._store = LedgerStore(ledger, self._owner, artifacts, settings.scratch / self.id)
        self._listener = LedgerListener(self._store, claim.lease.owner)
        self._quota = scheduler.quota(claim.search.priority)
        self._pipeline: Pipeline | None = None
        self._stop = threading.Event()
        self._ran_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name=self.id, daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def stopping(self) -> bool:
        """Whether it was asked to end."""
        return self._stop.is_set()

    @property
    def over(self) -> bool:
        """Whether its thread, which was started, has ended."""
        return not self._thread.is_alive()

    @property
    def has_result(self) -> bool:
        """Whether a training here has come to the end of an epoch."""
        return self._listener.has_result

    @property
    def order(self) -> tuple[int, datetime, str]:
        """Searches are carried out in rising order."""
        return -self.record.priority, self.record.created_at, self.id

    def stop(self) -> None:
        """End the search at its next step, and cancel its tasks. In the ledger it ends as a client has asked for
        meanwhile, or waits for a dispatcher.
        """
        self._stop.set()
        self._store.stop()
        self._quota.stop()

    def join(self, timeout_s: float) -> None:
        self._thread.join(timeout_s)

    def follow(self, record: SearchRecord) -> None:
        """Apply what a client has changed in the ledger: state, priority, number of trials."""
        self.record = record
        if record.state in {SearchState.PAUSING, SearchState.CANCELLING}:
            self.stop()
            return
        self._quota.priority = record.priority
        if self._pipeline and self._pipeline.search:
            self._pipeline.search.max_trials = record.max_trials

    def renew(self) -> None:
        """Renew the lease. The search is stopped if another dispatcher has claimed it."""
        try:
            self._ledger.claims.renew(self._claim.lease)
        except FencedError:
            log.warning("%s: another dispatcher has it", self.id)
            self.stop()

    def flush(self) -> None:
        """Write the progress since the last call."""
        if self._pipeline and self._pipeline.forecast:
            self._listener.left(self._pipeline.forecast.left_s())
        try:
            self._listener.flush()
            self._show_waiting()
        except (StoppedError, FencedError):
            self.stop()

    def _show_waiting(self) -> None:
        """Show what the search waits for once nothing of it has run for SHOWN_AFTER_S."""
        what, now = self._quota.waits_for(), time.monotonic()
        if what is None:
            self._ran_at = now
        if what is None or now - self._ran_at >= SHOWN_AFTER_S:
            self._listener.waits_for(what)

    def _run(self) -> None:
        try:
            try:
                self._run_to_end()
            except LedgerError as error:
                log.warning("%s: %s; it is given up, and resumed when the ledger can be used again", self.id, error)
                self._give_up()
        except FencedError:
            log.warning("%s: another dispatcher has it", self.id)

    def _give_up(self) -> None:
        """End the search as stopped as soon as the ledger can be used.

        A lease that runs out instead counts as a death of its dispatcher.
        """
        self._quota.stop()
        while True:
            self._stop.wait(AFTER_FAULT_S)
            try:
                self._end_stopped()
            except LedgerError:
                if not self.stopping:
                    continue
            return

    def _run_to_end(self) -> None:
        """Run the search and write its final state."""
        try:
            self._pipeline = Pipeline(
                self._spec(), self._store, self._listener, self._quota, threads=self._settings.threads
            )
            self._pipeline.run()
            self._listener.flush()
        except (CancelledError, StoppedError):
            self._end_stopped()
        except (FencedError, LedgerError):
            raise
        except ChangedError as error:
            self._pause(error.reason, error.change)
        except UnknownNameError as error:
            self._pause("DEVICE_MISSING" if error.kind == "device" else "PLUGIN_MISSING", str(error))
        except NasError as error:
            self._end(SearchState.FAILED, _reason(error), shown(str(error), self._settings.data_root))
        except Exception:
            log.exception("%s failed by an error of the program", self.id)
            self._end(SearchState.FAILED, "INTERNAL_ERROR", "an error of the program; its log has the details")
        else:
            self._end(SearchState.SUCCEEDED)

    def _end(self, state: SearchState, reason: str | None = None, message: str | None = None) -> None:
        """Write the final state, or the one in which the search waits for a client, and tell the log."""
        ended = self._owner.end(state, reason, message)
        why = f": {reason}: {message}" if reason else ""
        log.info("%s (%s): %s with %d trials%s", self.id, ended.name, ended.state, ended.counts.succeeded, why)

    def _pause(self, reason: str, change: str) -> None:
        """Pause a search that cannot go on here until something is again as it was."""
        message = f"{change}. Resume the search when that is as it was, or fork it to search with what is there now."
        self._end(SearchState.PAUSED, reason, shown(message, self._settings.data_root))

    def _end_stopped(self) -> None:
        """Write the state that the stop was for; if another dispatcher is to resume the search, release it."""
        state = self._ledger.claims.renew(self._claim.lease).state
        if state is SearchState.PAUSING:
            self._end(SearchState.PAUSED)
        elif state is SearchState.CANCELLING:
            self._end(SearchState.CANCELLED)
        else:
            self._ledger.claims.release(self._claim.lease)
            log.info("%s: released, for another dispatcher to go on", self.id)

    def _spec(self) -> SearchSpec:
        """The spec as data, with what a client has changed and where this machine keeps the images.

        It was valid when it was submitted. ChangedError if the images are gone or a plugin takes other parameters now.
        """
        record = self._claim.search
        try:
            images = resolve_path(record.spec["dataset"], self._settings.data_root)
        except SpecError as error:
            raise ChangedDataError(str(error)) from None
        try:
            spec = parse_spec({**record.spec, "max_trials": record.max_trials, "dataset": images})
        except SpecError as error:
            raise ChangedError("PLUGIN_CHANGED", str(error)) from None
        return with_size(spec, dataset.make(spec.dataset))


def _reason(error: NasError) -> str:
    """NotMeasuredError -> NOT_MEASURED."""
    return re.sub(r"(?<=.)(?=[A-Z])", "_", type(error).__name__.removesuffix("Error")).upper()
