"""The search loop, figure 1 of MnasNet (arXiv:1807.11626): ask, estimate, train, reward, tell.

Its journal holds the asks and tells of a search in their order. A searcher depends on nothing else, so a search that
was killed goes on by making the same calls again.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from math import isclose, isfinite
from typing import Any, Protocol

from nas.errors import ChangedError, InfeasibleError, NasError
from nas.objective import Objective
from nas.searcher import Searcher
from nas.space import Candidate
from nas.trial import REFUSED_KERNELS, Metrics, State, Trial

Event = Mapping[str, Any]
"""One line of the journal: {"event": "asked" | "refused" | "told", ...} in JSON values."""

REPEATS_IN_A_ROW = 200
"""Number of proposals without a new network after which networks of the search become trials again, as it is unlikely
that there are others; they are not trained again."""

REFUSALS_IN_A_ROW = 10_000
"""Number of infeasible candidates in a row that ends a search, as it is unlikely to find a feasible one."""

SAME_REWARD = 1e-9
"""Difference up to which two rewards are the same: other processors round otherwise."""


class Journal(Protocol):
    """Keeps the events of a search. add returns when the event is stored safely."""

    def events(self) -> Iterable[Event]: ...

    def add(self, event: Event) -> None: ...


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
    """

    known: Callable[[Candidate], Metrics]
    train: Callable[[Trial], Future[Metrics]]
    cached_training: Callable[[Candidate], Metrics | None]
    store_training: Callable[[Candidate, Metrics], None]
    report: Callable[[Trial], None]
    completed: Callable[[Collection[Future[Metrics]]], Collection[Future[Metrics]]] = first_completed


class Search:
    """One search: a searcher and an objective over a journal.

    trials holds the trials that were asked, by number, without the refused candidates. finished counts the trials that
    have a result; refused counts the candidates over a limit or not run by the device.
    """

    def __init__(self, searcher: Searcher, objective: Objective, journal: Journal) -> None:
        self.searcher = searcher
        self.objective = objective
        self.journal = journal
        self.trials: dict[int, Trial] = {}
        self.finished = 0
        self.refused = 0
        self.max_trials = 0
        self._exhausted = False
        self._refused_in_a_row = 0
        self._repeats_in_a_row = 0
        self._by_network: dict[str, int] = {}
        self._repeats: dict[int, list[Candidate]] = {}
        for event in list(journal.events()):
            self._replay(event)

    def run(self, steps: Steps, *, max_trials: int, parallel: int) -> list[Trial]:
        """Run until max_trials trials are finished; returns them by number. max_trials may be changed meanwhile.

        Trials that a killed run left unfinished are trained first. A training that raises NasError is a failed trial.
        A network is trained once: a second trial of it waits for the training that is under way.
        """
        self.max_trials = max_trials
        running: dict[Future[Metrics], list[Trial]] = {}
        waiting = [trial for trial in self.trials.values() if trial.state is State.RUNNING]
        while True:
            while len(running) < parallel:
                trial = waiting.pop(0) if waiting else self._ask(steps)
                if trial is None:
                    break
                self._start(trial, running, steps)
            if not running:
                return [self.trials[number] for number in sorted(self.trials)]
            for future in sorted(steps.completed(running), key=lambda f: running[f][0].number):
                self._collect(running.pop(future), future, steps)

    def _start(self, trial: Trial, running: dict[Future[Metrics], list[Trial]], steps: Steps) -> None:
        """Train the trial's network, unless it is trained already or its training is under way."""
        wanted = trial.candidate.architecture.network_id
        first = self.trials[self._by_network.get(wanted, trial.number)]
        known = first.metrics if first.state is State.SUCCEEDED else steps.cached_training(trial.candidate)
        if known is not None:
            self._finish(replace(trial, reused=True), known, steps)
            return
        steps.report(trial)
        for trials in running.values():
            if trials[0].candidate.architecture.network_id == wanted:
                trials.append(replace(trial, reused=True))
                return
        running[steps.train(trial)] = [trial]

    def _ask(self, steps: Steps) -> Trial | None:
        """A trial of the next candidate within the limits; None when there are enough trials or no more candidates.

        The searcher may propose a network of the search again, in another notation too: it is told of that network's
        trial, and no other is spent.
        """
        while len(self.trials) < self.max_trials and not self._exhausted:
            candidate, repeats = self._proposal(), 0
            while candidate is not None and self._is_repeat(candidate):
                self._repeat(candidate)
                candidate, repeats = self._proposal(), repeats + 1
            if candidate is None:
                self._exhausted = True
                break
            metrics = steps.known(candidate)
            trial = Trial(len(self.trials), candidate, metrics=metrics)
            violation = metrics.get(REFUSED_KERNELS) or self.objective.violation(metrics)
            if violation == 0:
                self.journal.add(_line("asked", trial, repeats))
                return self._add(trial)
            refused = replace(trial, state=State.INFEASIBLE, reward=-violation)
            self.journal.add(_line("refused", refused, repeats))
            self._tell_refused(refused)
            if self._refused_in_a_row >= REFUSALS_IN_A_ROW:
                raise InfeasibleError(self._out_of_reach(refused))
        return None

    def _proposal(self) -> Candidate | None:
        return next(iter(self.searcher.ask()), None)

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

    def _collect(self, trials: list[Trial], future: Future[Metrics], steps: Steps) -> None:
        try:
            metrics = future.result()
        except NasError as error:
            for trial in trials:
                self._end(replace(trial, state=State.FAILED, reason=f"{type(error).__name__}: {error}"), steps)
        else:
            for trial in trials:
                self._finish(trial, metrics, steps)

    def _finish(self, trial: Trial, measured: Metrics, steps: Steps) -> None:
        metrics = {**trial.metrics, **measured}
        broken = [f"{name} is {value}" for name, value in metrics.items() if not isfinite(value)]
        broken += [f"{name} was not measured" for name in self.objective.needs if name not in metrics]
        if broken:
            self._end(replace(trial, state=State.FAILED, reason="; ".join(broken)), steps)
            return
        if not trial.reused:
            steps.store_training(trial.candidate, measured)
        self._end(replace(trial, state=State.SUCCEEDED, metrics=metrics, reward=self.objective.reward(metrics)), steps)

    def _end(self, trial: Trial, steps: Steps) -> None:
        self.journal.add(_line("told", trial))
        self._apply_result(trial)
        steps.report(trial)

    def _add(self, trial: Trial) -> Trial:
        self._refused_in_a_row = 0
        self.trials[trial.number] = trial
        self.searcher.asked(trial)
        if self._by_network.setdefault(trial.candidate.architecture.network_id, trial.number) == trial.number:
            self._repeats_in_a_row = 0
        return trial

    def _is_repeat(self, candidate: Candidate) -> bool:
        """Whether the candidate is a network of the search whose trial has not failed, and others are to be found."""
        known = candidate.architecture.network_id in self._by_network
        return known and self._repeats_in_a_row < REPEATS_IN_A_ROW

    def _repeat(self, candidate: Candidate) -> None:
        """Tell the searcher of the candidate what is known of its network: now, or when its trial ends."""
        self._repeats_in_a_row += 1
        trial = self.trials[self._by_network[candidate.architecture.network_id]]
        self.searcher.asked(replace(trial, candidate=candidate, state=State.RUNNING, reward=None, reason=None))
        if trial.state is State.RUNNING:
            self._repeats.setdefault(trial.number, []).append(candidate)
        else:
            self.searcher.tell(replace(trial, candidate=candidate))

    def _tell_refused(self, trial: Trial) -> None:
        self.refused += 1
        self._refused_in_a_row += 1
        self.searcher.asked(replace(trial, state=State.RUNNING, reward=None))
        self.searcher.tell(trial)

    def _apply_result(self, trial: Trial) -> None:
        self.finished += 1
        self.trials[trial.number] = trial
        network_id = trial.candidate.architecture.network_id
        if trial.state is State.SUCCEEDED:
            self._by_network[network_id] = trial.number
        elif self._by_network.get(network_id) == trial.number:
            del self._by_network[network_id]
        for candidate in (trial.candidate, *self._repeats.pop(trial.number, ())):
            self.searcher.tell(replace(trial, candidate=candidate))

    def _replay(self, event: Event) -> None:
        """Repeat the call that wrote this line of the journal."""
        number, metrics = event["trial"], event["metrics"]
        if event["event"] == "told":
            known = self.trials[number]
            told = replace(known, state=State(event["state"]), metrics=metrics)
            self._check_reward(told, event["reward"])
            reused = event.get("reused", False)
            self._apply_result(replace(told, reward=event["reward"], reason=event["reason"], reused=reused))
            return
        candidate = self._proposal()
        for _ in range(event.get("repeats", 0)):
            if candidate is None or candidate.architecture.network_id not in self._by_network:
                break  # its choices are not the journal's
            self._repeat(candidate)
            candidate = self._proposal()
        if candidate is None or dict(candidate.choices) != event["choices"]:
            raise ChangedError(
                "SEARCHER_CHANGED",
                f"the journal does not fit this searcher and space at trial {number}: another version or spec wrote it",
            )
        trial = Trial(number, candidate, metrics=metrics)
        if event["event"] == "asked":
            self._add(trial)
        else:
            self._tell_refused(replace(trial, state=State.INFEASIBLE, reward=event["reward"]))

    def _check_reward(self, told: Trial, reward: float | None) -> None:
        """ChangedError unless the objective gives a trial of the journal the reward that it got."""
        if told.state is State.SUCCEEDED and reward is not None:
            now = self.objective.reward(told.metrics)
            if not isclose(now, reward, rel_tol=SAME_REWARD, abs_tol=SAME_REWARD):
                was = f"{reward:.6g} in the journal, which another version or spec wrote"
                raise ChangedError(
                    "OBJECTIVE_CHANGED",
                    f"the objective {self.objective.name} gives trial {told.number} the reward {now:.6g}; it is {was}",
                )


def _line(event: str, trial: Trial, repeats: int = 0) -> Event:
    """repeats: how many proposals before this one were networks of the search."""
    line = {"event": event, "trial": trial.number, "metrics": dict(trial.metrics)}
    if event == "told":
        ended = {"state": trial.state.value, "reward": trial.reward, "reason": trial.reason, "reused": trial.reused}
        return line | ended
    candidate = trial.candidate
    line |= {"choices": dict(candidate.choices), "reward": trial.reward} | ({"repeats": repeats} if repeats else {})
    return line if event == "refused" else line | candidate.architecture.describe()
