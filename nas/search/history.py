"""The trials of a search, and what its searcher hears of them, whether they happen or are read from a journal."""

from dataclasses import replace

from nas.pruner import Pruner
from nas.searcher import Searcher
from nas.space import Candidate
from nas.trial import State, Trial

REPEATS_IN_A_ROW = 200
"""Number of proposals without a new network after which networks of the search become trials again, as it is unlikely
that there are others; they are not trained again."""


class History:
    """Each method is something that happens to a proposal; it keeps that, and says it to the searcher and the pruner.

    trials: those that were asked, by number. finished: how many of them have ended. refused: how many candidates were
    infeasible; refused_in_a_row: since the last trial.
    """

    def __init__(self, searcher: Searcher, pruner: Pruner | None = None) -> None:
        self.searcher, self.pruner = searcher, pruner
        self.trials: dict[int, Trial] = {}
        self.finished = 0
        self.refused = 0
        self.refused_in_a_row = 0
        self._repeated_in_a_row = 0
        self._networks: dict[int, str] = {}
        self._by_network: dict[str, int] = {}
        self._waiting: dict[int, list[Candidate]] = {}

    def open_trials(self) -> list[Trial]:
        return [trial for trial in self.trials.values() if trial.state is State.RUNNING]

    def first_of(self, trial: Trial) -> Trial:
        """The trial that the network of this one is known by: itself, or one that runs or has succeeded."""
        return self.trials[self._by_network.get(self._networks[trial.number], trial.number)]

    def same_network(self, one: Trial, other: Trial) -> bool:
        return self._networks[one.number] == self._networks[other.number]

    def known_as(self, candidate: Candidate) -> int | None:
        """The number of the trial with the candidate's network, unless it has failed or no others are to be found."""
        if self._repeated_in_a_row >= REPEATS_IN_A_ROW:
            return None
        return self._by_network.get(candidate.architecture.network_id)

    def ask(self, trial: Trial, network_id: str) -> None:
        """The proposal is a new trial; network_id: of its network."""
        self.refused_in_a_row = 0
        self.trials[trial.number] = trial
        self._networks[trial.number] = network_id
        if self._by_network.setdefault(network_id, trial.number) == trial.number:
            self._repeated_in_a_row = 0
        self.searcher.asked(trial)

    def refuse(self, trial: Trial) -> None:
        """The proposal is infeasible, and never a trial of the search."""
        self.refused += 1
        self.refused_in_a_row += 1
        self.searcher.asked(replace(trial, state=State.RUNNING, reward=None))
        self.searcher.tell(trial)

    def repeat(self, number: int, candidate: Candidate) -> None:
        """The proposal is the network of the trial of this number, whose end is told now, or when it comes."""
        self._repeated_in_a_row += 1
        trial = self.trials[number]
        self.searcher.asked(replace(trial, candidate=candidate, state=State.RUNNING, reward=None, reason=None))
        if trial.state is State.RUNNING:
            self._waiting.setdefault(number, []).append(candidate)
        else:
            self.searcher.tell(replace(trial, candidate=candidate))

    def pass_rung(self, trial: Trial) -> None:
        """The trial has come to a rung, and is still trained; the searcher hears when it ends."""
        self.trials[trial.number] = trial
        if self.pruner:
            self.pruner.reported(trial)

    def promote(self, number: int) -> Trial:
        """The pruned trial goes on; returns it."""
        trial = replace(self.trials[number], state=State.RUNNING, reward=None, reason=None)
        self.trials[number] = trial
        self.finished -= 1
        if self.pruner:
            self.pruner.promoted(number)
        self.searcher.asked(trial)
        return trial

    def tell(self, trial: Trial) -> None:
        """The trial has ended."""
        self.finished += 1
        self.trials[trial.number] = trial
        network_id = self._networks[trial.number]
        if trial.state is State.PRUNED:
            self._by_network.setdefault(network_id, trial.number)
            if self.pruner and not trial.reused:
                self.pruner.reported(trial)
        elif trial.state is not State.FAILED:
            self._by_network[network_id] = trial.number
        elif self._by_network.get(network_id) == trial.number:
            del self._by_network[network_id]
        for candidate in (trial.candidate, *self._waiting.pop(trial.number, ())):
            self.searcher.tell(replace(trial, candidate=candidate))
