"""The search loop, figure 1 of MnasNet (arXiv:1807.11626): ask, estimate, train, reward, tell.

Its journal holds what a searcher is asked and told, in that order. A searcher depends on nothing else, so a search that
was killed goes on with a searcher that is told the journal.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from math import isfinite

from nas.errors import InfeasibleError, NasError
from nas.objective import Objective
from nas.pruner import Pruner
from nas.search import lines
from nas.search.history import History
from nas.search.lines import Journal, Proposal
from nas.search.pruning import Pruning
from nas.search.replay import replay
from nas.searcher import Searcher
from nas.space import Candidate
from nas.trial import REFUSED_KERNELS, Metrics, State, Trial

REFUSALS_IN_A_ROW = 10_000
"""Number of infeasible candidates in a row that ends a search, as it is unlikely to find a feasible one."""

Running = dict[Future[Metrics], list[Trial]]
"""The trials that wait for each training, the one that it was begun for first."""


def first_completed(running: Collection[Future[Metrics]]) -> Collection[Future[Metrics]]:
    """Those that are done, once one is."""
    return wait(running, return_when=FIRST_COMPLETED).done


@dataclass(frozen=True, slots=True)
class Steps:
    """The calls that the loop makes to measure and train candidates.

    known gives the metrics that need no training; with REFUSED_KERNELS among them the candidate is infeasible. train
    starts a training and returns its future. store_training keeps the metrics of a finished training; cached_training
    returns them when the same network is wanted again, and None if there are none. report is called with each trial
    that begins and with each that has ended. completed waits for trainings; a simulation moves its clock there.

    With a pruner, train_until takes train's place: it trains a trial on, from its last rung, up to so many epochs.
    give_up is called with the number of a trial that will not go on any more.
    """

    known: Callable[[Candidate], Metrics]
    train: Callable[[Trial], Future[Metrics]]
    cached_training: Callable[[Candidate], Metrics | None]
    store_training: Callable[[Candidate, Metrics], None]
    report: Callable[[Trial], None]
    completed: Callable[[Collection[Future[Metrics]]], Collection[Future[Metrics]]] = first_completed
    train_until: Callable[[Trial, int], Future[Metrics]] | None = None
    give_up: Callable[[int], None] = lambda _: None


class Search:
    """One search: a searcher, an objective and perhaps a pruner over a journal. exhausted: its searcher has nothing
    left to propose.
    """

    def __init__(
        self, searcher: Searcher, objective: Objective, journal: Journal, pruner: Pruner | None = None
    ) -> None:
        self.searcher = searcher
        self.objective = objective
        self.journal = journal
        self.max_trials = 0
        self.exhausted = False
        self._history = History(searcher, pruner)
        unfinished = replay([*journal.events()], self._history, objective)
        self._proposals, self._unheard = unfinished.proposals, [*unfinished.trials]
        self._pruning = Pruning(pruner, self.trials.values())

    @property
    def trials(self) -> Mapping[int, Trial]:
        """The trials that were asked, by number, without the refused candidates."""
        return self._history.trials

    @property
    def finished(self) -> int:
        """Number of trials that have a result."""
        return self._history.finished

    @property
    def refused(self) -> int:
        """Number of candidates over a limit or not run by the device."""
        return self._history.refused

    def run(self, steps: Steps, *, max_trials: int, parallel: int) -> list[Trial]:
        """Run until max_trials trials are finished; returns them by number. max_trials may be changed meanwhile.

        Trials that a killed run left unfinished are trained first. A training that raises NasError is a failed trial.
        A network is trained once: a second trial of it waits for the training that is under way.
        """
        self.max_trials = max_trials
        running: Running = {}
        first = [self.trials[number] for number in self._owed()]
        waiting = first + [trial for trial in self._history.open_trials() if trial not in first]
        waiting += self._take(self._proposals, steps)
        while True:
            while len(running) < parallel:
                waiting = waiting or self._next(parallel - len(running), steps, last=not running)
                if not waiting:
                    break
                self._start(waiting.pop(0), running, steps)
            if not running:
                return [self.trials[number] for number in sorted(self.trials)]
            self._collect(running, steps)

    def _next(self, free: int, steps: Steps, *, last: bool) -> list[Trial]:
        """Trials for up to so many free places: a pruned one that goes on, or new ones. last: none is under way."""
        return self._promoted(last=False) or self._ask(free, steps) or (self._promoted(last=True) if last else [])

    def _promoted(self, *, last: bool) -> list[Trial]:
        number = None if self._owed() else self._pruning.promotable(last=last)
        if number is None:
            return []
        self.journal.add(lines.promoted(self.trials[number]))
        self._pruning.promoted(number)
        return [self._history.promote(number)]

    def _ask(self, free: int, steps: Steps) -> list[Trial]:
        """Trials of the next candidates within the limits, for up to so many free places.

        None when there are enough trials, no more candidates, or results that have to be told first.
        """
        taken: list[Trial] = []
        while not (taken or self.exhausted or self._owed()):
            count = min(free, self.max_trials - len(self.trials))
            if count <= 0:
                break
            ask = self.searcher.asks
            proposed = self.searcher.ask(count)
            self.exhausted = not proposed
            taken = self._take([Proposal(each, ask, count, place) for place, each in enumerate(proposed)], steps)
        return taken

    def _owed(self) -> list[int]:
        """Numbers of the trials that have to end before another ask, as they had ended together with others."""
        return [number for number in self._unheard if self.trials[number].state is State.RUNNING]

    def _take(self, proposals: Sequence[Proposal], steps: Steps) -> list[Trial]:
        """The proposals that are trials now.

        A searcher may propose a network of the search again, in another notation too: it is told of that network's
        trial, and no other is spent.
        """
        taken = []
        for proposal in proposals:
            candidate = proposal.candidate
            if (number := self._history.known_as(candidate)) is not None:
                self.journal.add(lines.repeated(number, proposal))
                self._history.repeat(number, candidate)
                continue
            metrics = steps.known(candidate)
            trial = Trial(len(self.trials), candidate, metrics=metrics)
            violation = metrics.get(REFUSED_KERNELS) or self.objective.violation(metrics)
            if violation == 0:
                self.journal.add(lines.asked(trial, proposal))
                self._history.ask(trial, candidate.architecture.network_id)
                taken.append(trial)
            else:
                self._refuse(replace(trial, state=State.INFEASIBLE, reward=-violation), proposal)
        return taken

    def _refuse(self, trial: Trial, proposal: Proposal) -> None:
        self.journal.add(lines.refused(trial, proposal))
        self._history.refuse(trial)
        if self._history.refused_in_a_row >= REFUSALS_IN_A_ROW:
            raise InfeasibleError(self._out_of_reach(trial))

    def _out_of_reach(self, last: Trial) -> str:
        if REFUSED_KERNELS in last.metrics:
            return (
                f"{REFUSALS_IN_A_ROW} candidates in a row were infeasible, the last because the device does not run "
                "it: take the blocks that it refuses out of the space (`nas device measure` lists them)"
            )
        return (
            f"{REFUSALS_IN_A_ROW} candidates in a row were over a limit ({self.objective.describe_limits()}); "
            "raise it, or see what the space can reach with `nas space profile`"
        )

    def _start(self, trial: Trial, running: Running, steps: Steps) -> None:
        """Train the trial's network, unless it is trained already or its training is under way."""
        first = self._history.first_of(trial)
        if first.state is State.PRUNED:
            self._stop_with(first, trial, steps, ())
            return
        known = first.metrics if first.state is State.SUCCEEDED else steps.cached_training(trial.candidate)
        if known is not None:
            self._finish(replace(trial, reused=True), known, steps)
            return
        steps.report(trial)
        for trials in running.values():
            if self._history.same_network(trials[0], trial):
                trials.append(replace(trial, reused=True))
                return
        running[self._train(trial, steps)] = [trial]

    def _train(self, trial: Trial, steps: Steps) -> Future[Metrics]:
        until = self._pruning.until(trial)
        return steps.train(trial) if until is None or steps.train_until is None else steps.train_until(trial, until)

    def _collect(self, running: Running, steps: Steps) -> None:
        """Wait for trainings to end, and end the trials that wait for them, before anything is asked.

        Those that end together are told in the order of their numbers, also if the process dies meanwhile.
        """
        owed = {*self._owed()}
        held = {future for future, trials in running.items() if owed & {trial.number for trial in trials}}
        done = {*steps.completed(held or running)}
        while left := held - done:
            done |= {*steps.completed(left)}
        first = sorted(done, key=lambda future: running[future][0].number)
        ended = [(future, trial) for future in first for trial in running[future]]
        rungs = {future: self._pruning.rung(running[future][0]) for future in first}
        for place, (future, trial) in enumerate(ended, 1):
            self._result(trial, future, rungs[future], steps, [trial.number for _, trial in ended[place:]])
        for future in first:
            trials = running.pop(future)
            if (trial := self.trials[trials[0].number]).state is State.RUNNING:  # it has passed a rung
                running[self._train(trial, steps)] = [trial, *trials[1:]]

    def _result(
        self, trial: Trial, future: Future[Metrics], rung: int | None, steps: Steps, then: Sequence[int]
    ) -> None:
        """rung: where the training has stopped; None if it has ended."""
        try:
            metrics = future.result()
        except NasError as error:
            self._fail(trial, f"{type(error).__name__}: {error}", steps, then)
            return
        if rung is None:
            self._finish(trial, metrics, steps, then)
        elif trial.reused:
            self._stop_with(self._history.first_of(trial), trial, steps, then)
        else:
            self._look(trial, metrics, rung, steps, then)

    def _look(self, trial: Trial, measured: Metrics, rung: int, steps: Steps, then: Sequence[int]) -> None:
        """Have the pruner look at a trial that has come to a rung."""
        metrics = {**trial.metrics, **measured}
        if broken := self._broken(metrics):
            self._fail(trial, broken, steps, then)
            return
        rungs = {**trial.rungs, rung: metrics}
        trial = replace(trial, metrics=metrics, reward=self.objective.reward(metrics), rungs=rungs)
        if self._pruning.goes_on(trial):
            self.journal.add(lines.rung(trial, self._still_owed(trial, then)))
            self._history.pass_rung(trial)
        else:
            self._end(replace(trial, state=State.PRUNED, reason=self._pruning.reason(trial)), steps, then)

    def _stop_with(self, first: Trial, trial: Trial, steps: Steps, then: Sequence[int]) -> None:
        """The trial has waited for the training of its network by the first: it ends if that one was pruned."""
        if first.state is State.PRUNED:
            self._end(replace(first, number=trial.number, candidate=trial.candidate, reused=True), steps, then)
        elif first.number == trial.number:  # the first has failed at its rung
            self._fail(trial, "the training of its network failed", steps, then)

    def _fail(self, trial: Trial, reason: str, steps: Steps, then: Sequence[int]) -> None:
        self._end(replace(trial, state=State.FAILED, reward=None, reason=reason), steps, then)

    def _finish(self, trial: Trial, measured: Metrics, steps: Steps, then: Sequence[int] = ()) -> None:
        metrics = {**trial.metrics, **measured}
        if broken := self._broken(metrics):
            self._fail(trial, broken, steps, then)
            return
        if not trial.reused:
            steps.store_training(trial.candidate, measured)
        trial = replace(trial, metrics=metrics)
        if violation := self.objective.violation(metrics):  # codes for weights may take more bytes than was expected
            over = f"trained, it is over a limit ({self.objective.describe_limits()})"
            self._end(replace(trial, state=State.INFEASIBLE, reward=-violation, reason=over), steps, then)
            return
        self._end(replace(trial, state=State.SUCCEEDED, reward=self.objective.reward(metrics)), steps, then)

    def _broken(self, metrics: Metrics) -> str:
        """What of the metrics makes a trial a failure; empty if nothing does."""
        broken = [f"{name} is {value}" for name, value in metrics.items() if not isfinite(value)]
        broken += [f"{name} was not measured" for name in self.objective.needs if name not in metrics]
        return "; ".join(broken)

    def _end(self, trial: Trial, steps: Steps, then: Sequence[int]) -> None:
        """then: numbers of the trials that are told after this one and before another ask."""
        self.journal.add(lines.told(trial, self._still_owed(trial, then)))
        self._history.tell(trial)
        for number in self._pruning.ended(trial, self.max_trials):
            steps.give_up(number)
        steps.report(trial)

    def _still_owed(self, trial: Trial, then: Sequence[int]) -> list[int]:
        """Numbers of the trials that end before another ask when this one has; then: those that ended with it."""
        self._unheard = [number for number in self._owed() if number != trial.number]
        return [*then, *(number for number in self._unheard if number not in then)]
