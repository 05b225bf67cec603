"""The promises of a pruner as tests."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from nas.errors import SpecError
from nas.objective import Objective, objective
from nas.pruner import Pruner, pruner
from nas.testing.bandits import bandit_space
from nas.testing.contract import Contract
from nas.trial import State, Trial

EPOCHS = 12
TRIALS = 40

Decisions = list[tuple[str, int, int]]
"""What became of trials, in order: a word, a number and a rung."""


class PrunerContract(Contract):
    """Subclass it with the config of one pruner, at least its name."""

    def made(self, aim: Objective, epochs: int = EPOCHS) -> Pruner:
        return pruner.make(self.config, aim, epochs)

    def aims(self) -> list[Objective]:
        """The objectives that it can work with: at least those of one goal."""
        found = []
        for name in objective:
            aim = objective.make({"name": name, "target_latency_ms": 10.0})
            try:
                self.made(aim)
            except SpecError as error:
                assert len(aim.goals) > 1, error  # noqa: PT017 - suites run without pytest
            else:
                found.append(aim)
        return found

    def test_needs_no_parameters(self) -> None:
        name = self.config if isinstance(self.config, str) else self.config["name"]

        assert isinstance(pruner.make(name, self.aims()[0], EPOCHS), Pruner)

    def test_rungs_rise_and_end_before_the_training(self) -> None:
        for epochs in (2, 3, EPOCHS, 100):
            rungs = [*self.made(self.aims()[0], epochs).rungs]

            assert rungs
            assert rungs == sorted({*rungs})
            assert 0 < rungs[0] <= rungs[-1] < epochs

    def test_trials_are_trained_to_the_first_rung_at_least(self) -> None:
        for aim in self.aims():
            made = self.made(aim)

            assert made.rungs[0] <= made.mean_epochs <= EPOCHS

    def test_one_training_goes_to_its_end(self) -> None:
        """However few trials there are, and whatever they score."""
        for aim in self.aims():
            for trials in (1, 2, TRIALS):
                assert [word for word, *_ in rehearsed(self.made(aim), trials).decisions].count("whole") >= 1

    def test_repeats_exactly_from_its_history(self) -> None:
        """A pruner that is given the calls of another decides as that one does from there on."""
        for aim in self.aims():
            first, told = self.made(aim), self.made(aim)
            for call, trial in rehearsed(first, TRIALS).calls:
                if call == "reported":
                    told.reported(trial)
                else:
                    told.promoted(trial.number)
                assert told.promotable(last=False) == told.promotable(last=False), "asking changes nothing"

            assert told.promotable(last=False) == first.promotable(last=False)
            assert told.promotable(last=True) == first.promotable(last=True)

    def test_what_is_final_is_not_promoted(self) -> None:
        for aim in self.aims():
            decisions = rehearsed(self.made(aim), TRIALS).decisions
            final = [(number, rung) for word, number, rung in decisions if word == "final"]

            assert not {(number, rung) for word, number, rung in decisions if word == "promoted"} & {*final}

    def test_takes_equal_scores(self) -> None:
        for aim in self.aims():
            decisions = rehearsed(self.made(aim), 9, lambda _: 0.5).decisions

            assert [word for word, *_ in decisions].count("whole") >= 1


check_pruner = PrunerContract.check
"""Runs PrunerContract on one plugin, without pytest."""


class _Search:
    """A search of so many trials, one at a time, whose trainings are numbers."""

    def __init__(self, made: Pruner, trials: int, final_score: Callable[[int], float]) -> None:
        self._pruner, self._count, self._score = made, trials, final_score
        self._trials: dict[int, Trial] = {}
        self._waiting: set[int] = set()
        self.decisions: Decisions = []
        self.calls: list[tuple[str, Trial]] = []

    def run(self) -> "_Search":
        candidate = bandit_space().space.sample(Random(0))
        while True:
            number = self._pruner.promotable(last=False)
            if number is None and len(self._trials) < self._count:
                number = len(self._trials)
                self._trials[number] = Trial(number, candidate)
            elif number is None and (number := self._pruner.promotable(last=True)) is None:
                return self
            self._train(number)

    def _train(self, number: int) -> None:
        trial = self._trials[number]
        if trial.state is State.PRUNED:
            self._waiting.remove(number)
            self._pruner.promoted(number)
            self.calls.append(("promoted", trial))
            self.decisions.append(("promoted", number, trial.rung))
        goes_on = True
        while goes_on and (rung := self._pruner.next_stop(trial)) < self._pruner.epochs:
            accuracy = self._score(number) * (1 - 1 / (1 + rung))
            metrics = {"accuracy": accuracy, "latency_ms": 1.0 + number % 7}
            trial = replace(trial, metrics=metrics, rungs={**trial.rungs, rung: metrics}, reward=accuracy)
            goes_on = self._pruner.goes_on(trial)
            self._pruner.reported(trial)
            self.calls.append(("reported", trial))
        self._trials[number] = replace(trial, state=State.SUCCEEDED if goes_on else State.PRUNED)
        self.decisions.append(("whole" if goes_on else "pruned", number, trial.rung))
        self._waiting.update(() if goes_on else (number,))
        for each in sorted(self._waiting):
            if self._pruner.is_final(each, self._count):
                self.decisions.append(("final", each, self._trials[each].rung))


def rehearsed(made: Pruner, trials: int, score: Callable[[int], float] | None = None) -> _Search:
    """score: of a trial's whole training, by its number."""
    rng = Random(trials)
    scores = [rng.random() for _ in range(trials)]
    return _Search(made, trials, score or scores.__getitem__).run()
