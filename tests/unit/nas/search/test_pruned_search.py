"""A search with a pruner: trials stop, wait and go on, and a killed one decides as if it had not been killed."""

from collections.abc import Collection
from concurrent.futures import Future
from dataclasses import replace
from random import Random

import pytest
from loop_steps import Killed, accuracy, skips_that_do_not_apply, steps, within

from nas.asking.problem import Problem
from nas.errors import DivergedError
from nas.pruner import pruner
from nas.search.lines import Line
from nas.search.loop import Search
from nas.searcher import searcher
from nas.trial import Metrics, State, Trial

EPOCHS, TRIALS, KILLS = 9, 24, 8


class KilledJournal:
    """Keeps lines in memory, and has the process killed once it has kept so many."""

    def __init__(self, lines=(), killed_at: int | None = None) -> None:
        self.lines: list[Line] = [*lines]
        self._killed_at = killed_at

    def events(self) -> list[Line]:
        return [*self.lines]

    def add(self, event: Line) -> None:
        self.lines.append(event)
        if len(self.lines) == self._killed_at:
            raise Killed


class Trainings:
    """Trainings whose accuracies rise; some fail at their second rung. Those of two numbers end together."""

    def __init__(self) -> None:
        self.epochs = 0
        self.given_up: list[int] = []
        self._numbers: dict[Future[Metrics], int] = {}

    def train_until(self, trial: Trial, epochs: int) -> Future[Metrics]:
        assert trial.number not in self.given_up, "what was given up does not go on"
        self.epochs += epochs - trial.rung
        future: Future[Metrics] = Future()
        self._numbers[future] = trial.number
        if trial.rung and trial.number % 3 == 1:
            future.set_exception(DivergedError("the loss is nan"))
        else:
            future.set_result({"accuracy": accuracy(trial) * (1 - 0.5 / epochs), "epochs": epochs})
        return future

    def completed(self, running: Collection[Future[Metrics]]) -> list[Future[Metrics]]:
        first = min(self._numbers[future] // 2 for future in running)
        return [future for future in running if self._numbers[future] // 2 == first]


def run(journal: KilledJournal, pruning="asha", parallel=1, asks="evolution") -> tuple[list[Trial], Trainings]:
    aim = within(0.036)
    made = searcher.make(asks, Problem(skips_that_do_not_apply(), aim), 7)
    search = Search(made, aim, journal, pruner.make(pruning, aim, EPOCHS))
    trainings = Trainings()
    each = replace(
        steps(),
        completed=trainings.completed,
        train_until=trainings.train_until,
        give_up=trainings.given_up.append,
    )
    return search.run(each, max_trials=TRIALS, parallel=parallel), trainings


@pytest.mark.parametrize("asks", ["evolution", "predictor"])
@pytest.mark.parametrize("parallel", [1, 5])
@pytest.mark.parametrize("pruning", list(pruner))
def test_killed_at_any_line_it_decides_as_if_it_had_not_been(pruning, parallel, asks):
    calm = KilledJournal()
    trials, _ = run(calm, pruning, parallel, asks)
    rng, lines = Random(f"{pruning} {parallel}"), []
    for killed_at in sorted(rng.sample(range(1, len(calm.lines)), KILLS)):
        journal = KilledJournal(lines, killed_at)
        with pytest.raises(Killed):
            run(journal, pruning, parallel, asks)
        lines = journal.lines
    last = KilledJournal(lines)

    assert run(last, pruning, parallel, asks)[0] == trials
    assert last.lines == calm.lines


def test_the_better_trials_go_on_and_the_others_say_where_they_stopped():
    journal = KilledJournal()
    trials, trainings = run(journal)
    whole = [trial for trial in trials if trial.state is State.SUCCEEDED]
    pruned = [trial for trial in trials if trial.state is State.PRUNED]

    assert len(trials) == TRIALS
    assert 0 < len(whole) < len(pruned)
    assert trainings.epochs < EPOCHS * TRIALS / 2
    assert all(set(trial.rungs) == {1, 3} for trial in whole)
    assert max(pruned, key=accuracy).metrics["epochs"] < EPOCHS
    for trial in pruned:
        assert trial.reason == f"stopped after {trial.rung} of {EPOCHS} epochs"
        assert trial.reward == trial.metrics["accuracy"]
    assert {trial.number for trial in whole} <= {*trainings.given_up}, "a checkpoint is kept while it is of use"


def test_a_trial_that_fails_after_it_has_gone_on_has_failed():
    trials, _ = run(KilledJournal())
    failed = [trial for trial in trials if trial.state is State.FAILED]

    assert failed
    assert {(trial.reward, trial.reason) for trial in failed} == {(None, "DivergedError: the loss is nan")}


def test_a_lone_trial_is_trained_to_its_end():
    """Three are too few to tell a third of the thirds of the best, but a search has a result."""
    aim = within(0.036)
    made = searcher.make("random", Problem(skips_that_do_not_apply(), aim), 7)
    trainings = Trainings()
    search = Search(made, aim, KilledJournal(), pruner.make("asha", aim, EPOCHS))

    (trial,) = search.run(replace(steps(), train_until=trainings.train_until), max_trials=1, parallel=2)

    assert trial.state is State.SUCCEEDED
    assert trainings.epochs == EPOCHS
