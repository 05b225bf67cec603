"""Watching a run: what it tells as it goes on, drawn as a progress bar on a terminal and as lines elsewhere."""

from typing import Protocol

from nas.trial import Metrics, Trial


class Watch(Protocol):
    """What a run reports to. Calls may come from several threads."""

    def say(self, text: str) -> None:
        """A line that stays."""

    def phase(self, phase: str) -> None:
        """What the run does from now on."""

    def step(self, what: str, done: int, total: int) -> None:
        """Progress of one named thing."""

    def epoch(self, what: str, trial: int | None, epoch: int, epochs: int, metrics: Metrics) -> None:
        """An epoch of a training that has ended; trial is its number, or None for a reference or finalist."""

    def started(self, number: int) -> None:
        """The trial of this number has got a worker."""

    def trial(self, trial: Trial, total: int) -> None:
        """A trial that begins or has ended."""
