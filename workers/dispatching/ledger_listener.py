"""Writes a search's progress to the ledger: notes and phases at once, epochs and progress a few times a second."""

import threading
from collections.abc import Mapping

from nas.trial import Metrics, State, Trial
from workers.dispatching.ledger_store import LedgerStore


class LedgerListener:
    """Gathers epochs and progress until flush(), which is to be called a few times a second."""

    def __init__(self, store: LedgerStore, worker: str) -> None:
        self._store, self._worker = store, worker
        self._lock = threading.Lock()
        self._epochs: list[tuple[int, int, Mapping[str, float]]] = []
        self._log: list[tuple[int | None, str]] = []
        self._progress: tuple[str, int, int] | None = None
        self._phase: str | None = None
        self._waiting: str | None = None
        self._left_s: float | None = None
        self.has_result = False
        self._telling = threading.Lock()

    def say(self, text: str) -> None:
        self._store.owner.note(text)

    def phase(self, phase: str) -> None:
        self.flush()
        with self._telling:
            self._phase, self._waiting = phase, None
            self._store.owner.phase(phase, self._left_s)

    def waits_for(self, what: str | None) -> None:
        """Show in place of the phase that nothing of the search runs, and what it waits for; None: it runs again."""
        with self._telling:
            if what == self._waiting or self._phase is None:
                return
            if what:
                self._store.owner.wait(what)
            else:
                self._store.owner.phase(self._phase)
            self._waiting = what

    def left(self, seconds: float | None) -> None:
        """So many seconds are left until the search ends: written with the next phase or progress."""
        with self._lock:
            self._left_s = seconds

    def step(self, what: str, done: int, total: int, left_s: float | None = None) -> None:  # noqa: ARG002 - of the whole search it is known
        self._store.owner  # noqa: B018 - raises if the search was stopped
        with self._lock:
            self._progress = (what, done, total)

    def epoch(self, what: str, trial: int | None, epoch: int, epochs: int, metrics: Metrics) -> None:
        text = f"{what}: epoch {epoch} of {epochs}, " + ", ".join(f"{k} {v:.4g}" for k, v in metrics.items())
        with self._lock:
            self.has_result = True
            self._log.append((trial, text))
            if trial is None:
                self._progress = (what, epoch, epochs)
            else:
                self._epochs.append((trial, epoch, dict(metrics)))

    def started(self, number: int) -> None:
        self._store.owner.started(number, self._worker)

    def trial(self, trial: Trial, total: int) -> None:  # noqa: ARG002 - the ledger knows the total
        if trial.state is State.FAILED:
            with self._lock:
                self._log.append((trial.number, f"failed: {trial.reason}"))

    def flush(self) -> None:
        with self._lock:
            epochs, self._epochs = self._epochs, []
            log, self._log = self._log, []
            progress, self._progress = self._progress, None
            left_s = self._left_s
        owner = self._store.owner
        if epochs:
            owner.epochs(epochs)
        if log:
            owner.log(log)
        if progress:
            owner.progress(*progress, left_s=left_s)
