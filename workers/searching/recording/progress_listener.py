"""The listener for a search's progress: a console, or the ledger."""

from typing import Protocol

from nas.trial import Metrics, Trial


class ProgressListener(Protocol):
    """Receives the progress of a search. Calls may come from several threads."""

    def say(self, text: str) -> None:
        """A message for the user."""

    def phase(self, phase: str) -> None:
        """The search has entered this phase."""

    def step(self, what: str, done: int, total: int, left_s: float | None = None) -> None:
        """The step `what` is done by done of total. left_s: seconds until it ends, where its pace does not tell."""

    def epoch(self, what: str, trial: int | None, epoch: int, epochs: int, metrics: Metrics) -> None:
        """An epoch of a training has ended; trial is its number, or None for a reference or finalist."""

    def started(self, number: int) -> None:
        """The trial of this number has been given a worker."""

    def trial(self, trial: Trial, total: int) -> None:
        """A trial begins or has ended."""
