"""What a pruner says of the trials of a search: how far each is trained, and which of the pruned ones may go on."""

from collections.abc import Iterable

from nas.pruner import Pruner
from nas.trial import State, Trial


class Pruning:
    """A pruner, which has heard of all trials so far, or none: then every training is a whole one."""

    def __init__(self, pruner: Pruner | None, trials: Iterable[Trial]) -> None:
        self.pruner = pruner
        self._waiting = {trial.number for trial in trials if trial.state is State.PRUNED and not trial.reused}

    def until(self, trial: Trial) -> int | None:
        """Up to how many epochs the trial is trained next; None for all of them at once."""
        return None if self.pruner is None else self.pruner.next_stop(trial)

    def rung(self, trial: Trial) -> int | None:
        """The rung up to which the trial is trained next; None if that is the end of its training."""
        until = self.until(trial)
        return until if self.pruner is not None and until != self.pruner.epochs else None

    def promotable(self, *, last: bool) -> int | None:
        """As Pruner.promotable."""
        return None if self.pruner is None else self.pruner.promotable(last=last)

    def goes_on(self, trial: Trial) -> bool:
        """As Pruner.goes_on."""
        return self.pruner is None or self.pruner.goes_on(trial)

    def reason(self, trial: Trial) -> str:
        """Why the trial does not go on."""
        return f"stopped after {trial.rung} of {self.pruner.epochs if self.pruner else trial.rung} epochs"

    def promoted(self, number: int) -> None:
        """The trial goes on."""
        self._waiting.discard(number)

    def ended(self, trial: Trial, trials: int) -> list[int]:
        """Numbers of the trials that do not go on any more, now that this one has ended in a search of so many."""
        if self.pruner is None or trial.reused:
            return []
        ended = [] if trial.state is State.PRUNED else [trial.number]
        self._waiting.update(() if ended else (trial.number,))
        final = [number for number in sorted(self._waiting) if self.pruner.is_final(number, trials)]
        self._waiting.difference_update(final)
        return ended + final
