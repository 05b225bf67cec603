"""Histories of searches without any training: proposals that become trials, which end in any order and state."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite, nan

from nas.asking.codes import encode
from nas.searcher import Searcher
from nas.space import Candidate
from nas.testing.bandits import Bandit
from nas.trial import REFUSED_KERNELS, Metrics, State, Trial

STEPS = 12
EARLY = 0.6
"""What a training shows at a rung, as a share of what it shows at its end."""

ENDS = tuple(state for state in State if state is not State.RUNNING)


@dataclass
class Rehearsal:
    """What a search says to its searcher, in order: trials that run are asked, others are told."""

    searcher: Searcher
    bandit: Bandit
    said: list[Trial] = field(default_factory=list)
    proposed: list[list[Candidate]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._open: list[Trial] = []
        self._numbers = 0

    def ask(self, count: int = 1) -> list[Candidate]:
        """The proposals, each of which is a trial now."""
        candidates = self.searcher.ask(count)
        self.proposed.append(candidates)
        for candidate in candidates:
            self._say(Trial(self._numbers, candidate, metrics=self._known(candidate)))
            self._open.append(self.said[-1])
            self._numbers += 1
        return candidates

    def end(self, place: int = 0, state: State = State.SUCCEEDED) -> None:
        """End the open trial of this place; one that is over a limit, or does not run, is infeasible."""
        trial, aim = self._open.pop(place), self.searcher.problem.objective
        if not trial.rungs and trial.metrics and (REFUSED_KERNELS in trial.metrics or aim.violation(trial.metrics)):
            state = State.INFEASIBLE
        self._say(ended(trial, self.bandit, state))

    def end_all(self, state: State = State.SUCCEEDED) -> None:
        while self._open:
            self.end(state=state)

    def go_on(self) -> None:
        """The first pruned trial is trained on: it is asked again and open, in its own words."""
        number = next(trial.number for trial in self.said if trial.state is State.PRUNED)
        latest = next(trial for trial in reversed(self.said) if trial.number == number)
        self._say(replace(latest, state=State.RUNNING, reward=None))
        self._open.append(self.said[-1])

    def repeat(self, choices: Candidate) -> None:
        """A proposal of a network of the first trial, in other words: it has that trial's number and its end."""
        first = next(trial for trial in self.said if trial.state is not State.RUNNING)
        self._say(Trial(first.number, choices))
        self._say(replace(first, candidate=choices))

    def play(self, script: Iterable[int]) -> "Rehearsal":
        """Ask and end as script says. A number under STEPS / 2 is an ask of one to three candidates; any other ends an
        open trial, and decides which, and how.
        """
        for step in script:
            if step < STEPS // 2:
                self.ask(1 + step % 3)
            elif self._open:
                self.end(step % len(self._open), ENDS[step % len(ENDS)])
        return self

    def resumed(self, searcher: Searcher) -> "Rehearsal":
        """The same history, told to another searcher, which has asked nothing of it."""
        other = Rehearsal(searcher, self.bandit)
        for trial in self.said:
            other._say(trial)
        other._open, other._numbers, searcher.asks = [*self._open], self._numbers, self.searcher.asks
        return other

    def _known(self, candidate: Candidate) -> Metrics:
        columns = self.searcher.problem.known(encode(self.searcher.space, [candidate.choices]))
        known = {name: float(values[0]) for name, values in columns.items()}
        return known if all(map(isfinite, known.values())) else {REFUSED_KERNELS: 1.0}

    def _say(self, trial: Trial) -> None:
        self.said.append(trial)
        if trial.state is State.RUNNING:
            self.searcher.asked(trial)
        else:
            self.searcher.tell(trial)


def play(searcher: Searcher, bandit: Bandit, script: Iterable[int]) -> Sequence[Sequence[Candidate]]:
    """The proposals of each ask when script is played."""
    return Rehearsal(searcher, bandit).play(script).proposed


def ended(trial: Trial, bandit: Bandit, state: State) -> Trial:
    """The trial with the bandit's reward: less than none where it is infeasible, and not a number where it failed."""
    reward = bandit.reward(trial.candidate.choices)
    if state is State.FAILED:
        return replace(trial, state=state, metrics={**trial.metrics, "accuracy": nan}, reason="accuracy is nan")
    if state is State.INFEASIBLE:
        return replace(trial, state=state, reward=-10 * reward)
    if state is State.PRUNED:
        reward *= EARLY
        metrics = {**trial.metrics, "accuracy": reward, "epochs": trial.rung + 1.0}
        return replace(
            trial, state=state, metrics=metrics, reward=reward, rungs={**trial.rungs, trial.rung + 1: metrics}
        )
    return replace(trial, state=state, metrics={**trial.metrics, "accuracy": reward}, reward=reward)
