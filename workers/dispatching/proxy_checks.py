"""Proxy checks of the service: one at a time in a dispatcher, beside its searches."""

import logging
import threading
import time
from concurrent.futures import CancelledError

from nas.dataset import dataset
from nas.errors import NasError
from nas.jobs.errors import FencedError
from nas.jobs.ledger import Ledger
from nas.jobs.proxy_checks.record import CheckClaim, CheckState
from nas.jobs.records import Json
from nas.proxy.options import CheckOptions
from nas.service.artifact_store import ArtifactStore
from nas.service.data_root import resolve_path, shown
from nas.service.set_aside import remove_set_aside, set_aside
from nas.service.settings import Settings
from nas.spec import parse_spec
from nas.spec.images import with_size
from nas.sql.errors import LedgerError
from nas.trial import Metrics, Trial
from workers.dispatching.check_store import CheckStore
from workers.dispatching.ledger_store import StoppedError
from workers.executing.scheduler import Scheduler
from workers.proxy_checking.check import ProxyCheck

log = logging.getLogger(__name__)

POLL_S, RENEW_S = 1.0, 3.0
"""How often to look for a check, and to renew the lease and write the progress of the one under way."""


class ProgressKeeper:
    """A ProgressListener that keeps the last phase and step for the ledger, and stops what is to stop."""

    def __init__(self, store: CheckStore) -> None:
        self._store = store
        self.progress: Json = {"phase": "STARTING"}

    def say(self, text: str) -> None:
        log.info("%s: %s", self._store.path.name, text)

    def phase(self, phase: str) -> None:
        self._store.go_on()
        self.progress = {"phase": phase}

    def step(self, what: str, done: int, total: int) -> None:
        self._store.go_on()
        self.progress = {"phase": self.progress["phase"], "what": what, "done": done, "total": total}

    def epoch(self, what: str, trial: int | None, epoch: int, epochs: int, metrics: Metrics) -> None:
        """Not shown; trainings are counted."""

    def started(self, number: int) -> None:
        """A check has no trials."""

    def trial(self, trial: Trial, total: int) -> None:
        """A check has no trials."""


class _Work:
    """One claimed check, carried out in a thread of its own."""

    def __init__(self, ledger: Ledger, settings: Settings, scheduler: Scheduler, claim: CheckClaim) -> None:
        self._ledger, self._settings, self.claim = ledger, settings, claim
        artifacts = ArtifactStore(settings.artifacts, ledger.artifacts)
        self._store = CheckStore(ledger, claim.lease, artifacts, settings.scratch / claim.check.id)
        self._quota = scheduler.quota()
        self._listener = ProgressKeeper(self._store)
        self._check: ProxyCheck | None = None
        self.thread = threading.Thread(target=self._run, name=claim.check.id, daemon=True)

    def stop(self) -> None:
        self._store.stop()
        self._quota.stop()

    def renew(self) -> None:
        """Renew the lease, write the progress; stop if a client has cancelled it or another dispatcher has it."""
        left_s = None if self._check is None else self._check.left_s()
        progress = self._listener.progress | {"left_s": left_s}
        try:
            state = self._ledger.proxy_checks.renew(self.claim.lease, progress=progress).state
        except FencedError:
            log.warning("%s: another dispatcher has it", self.claim.check.id)
            self.stop()
        else:
            if state is CheckState.CANCELLING:
                self.stop()

    def _run(self) -> None:
        checks, lease = self._ledger.proxy_checks, self.claim.lease
        try:
            try:
                result = self._result()
            except (CancelledError, StoppedError):
                self._end_stopped()
            except (FencedError, LedgerError):
                raise
            except NasError as error:
                checks.end(lease, CheckState.FAILED, reason=shown(str(error), self._settings.data_root))
            except Exception:
                log.exception("%s failed by an error of the program", lease.check_id)
                reason = "an error of the program; its log has the details"
                checks.end(lease, CheckState.FAILED, reason=reason)
            else:
                checks.end(lease, CheckState.SUCCEEDED, result=result)
                set_aside(self._store.path)
                remove_set_aside(self._settings.scratch)
        except (FencedError, LedgerError) as error:
            log.warning("%s: given up: %s", lease.check_id, error)
        finally:
            self._quota.stop()

    def _result(self) -> Json:
        check, settings = self.claim.check, self._settings
        spec = parse_spec({**check.spec, "dataset": resolve_path(check.spec["dataset"], settings.data_root)})
        sized = with_size(spec, dataset.make(spec.dataset))
        options = CheckOptions.model_validate(check.options)
        self._check = ProxyCheck(sized, options, self._store, self._listener, self._quota, threads=settings.threads)
        return self._check.run()

    def _end_stopped(self) -> None:
        """As a client has asked for, or else released for another dispatcher."""
        checks, lease = self._ledger.proxy_checks, self.claim.lease
        if checks.get(lease.check_id).state is CheckState.CANCELLING:
            checks.end(lease, CheckState.CANCELLED)
        else:
            checks.release(lease)


class ProxyChecker:
    """Carries out one proxy check at a time; tick() is to be called often."""

    def __init__(self, ledger: Ledger, settings: Settings, scheduler: Scheduler, owner: str) -> None:
        self._ledger, self._settings, self._scheduler, self._owner = ledger, settings, scheduler, owner
        self._work: _Work | None = None
        self._polled = 0.0

    def tick(self) -> None:
        """Renew the lease of the check under way, or claim the next one; each at most once every few seconds."""
        busy = self._work is not None and self._work.thread.is_alive()
        if time.monotonic() - self._polled < (RENEW_S if busy else POLL_S):
            return
        self._polled = time.monotonic()
        if busy and self._work:
            self._work.renew()
            return
        claim = self._ledger.proxy_checks.claim(self._owner)
        if claim:
            log.info("%s: claimed, epoch %d", claim.check.id, claim.lease.epoch)
            self._work = _Work(self._ledger, self._settings, self._scheduler, claim)
            self._work.thread.start()

    def stop(self) -> None:
        """Stop the check under way; another dispatcher takes it up."""
        if self._work:
            self._work.stop()

    def join(self, timeout_s: float) -> None:
        if self._work:
            self._work.thread.join(timeout_s)
