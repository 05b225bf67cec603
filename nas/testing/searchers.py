"""The promises of a searcher as tests."""

import random
import sys
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle, islice
from math import inf, nan
from random import Random
from types import FrameType

import numpy as np
import torch

from nas.asking.problem import Problem
from nas.errors import InfeasibleError
from nas.objective import objective
from nas.searcher import Searcher, searcher
from nas.space import Candidate
from nas.testing.bandits import Bandit, MadeUp, bandit_space, earlier, problem_in
from nas.testing.contract import Contract
from nas.testing.corner_spaces import few_members, mostly_invalid, nothing_valid, only_member
from nas.testing.rehearsal import ENDS, STEPS, Rehearsal, ended, play
from nas.trial import State, Trial

PENDING = 50
CALLS = 400
"""Calls of functions that asked or tell may make for one trial, whatever came before."""

BYTES = 16_384
"""Memory that a searcher may keep of one trial, on average."""

EARLIER = 2_000
"""Results of earlier searches."""

EXHAUSTED = 1_000
"""Asks within which a searcher comes to the end of a space of a few members."""


class SearcherContract(Contract):
    """Subclass it with the config of one searcher, at least its name."""

    def made(self, problem: Problem, seed: int = 0) -> Searcher:
        return searcher.make(self.config, problem, seed)

    def started(self, bandit: Bandit, seed: int = 0) -> Rehearsal:
        return Rehearsal(self.made(bandit.problem, seed), bandit)

    def test_needs_no_parameters(self) -> None:
        name = self.config if isinstance(self.config, str) else self.config["name"]

        assert isinstance(searcher.make(name, bandit_space().problem, 0), Searcher)

    def test_repeats_exactly(self) -> None:
        """The same seed and the same order of calls give the same candidates."""
        bandit, script = bandit_space(), _script(seed=1, length=40)

        assert play(self.made(bandit.problem), bandit, script) == play(self.made(bandit.problem), bandit, script)

    def test_goes_on_from_its_history(self) -> None:
        """A searcher that is told a history, and has asked nothing of it, proposes what the one that asked does."""
        bandit = bandit_space()
        undisturbed = self.started(bandit)
        undisturbed.ask(14)
        undisturbed.end_all()
        undisturbed.play(_script(seed=12, length=6))
        resumed = undisturbed.resumed(self.made(bandit.problem))
        for both in (undisturbed, resumed):
            both.ask(2)
            both.end()
            both.ask()

        assert resumed.proposed == undisturbed.proposed[-2:]

    def test_takes_any_objective_and_what_is_known(self) -> None:
        """One goal or two, limits, and candidates that are known to be over them or not to run, or nothing known."""
        bandit = bandit_space()
        for name in objective:
            aim = objective.make({"name": name, "target_latency_ms": 15, "max_params": 2700})
            problem = Problem(bandit.space, aim, MadeUp(bandit.space))
            rehearsal = Rehearsal(self.made(problem), bandit).play(_script(seed=4, length=16))
            resumed = rehearsal.resumed(self.made(problem))

            assert len(rehearsal.ask(4)) == len(resumed.ask(4)) > 0
            assert rehearsal.proposed[-1] == resumed.proposed[-1]

    def test_takes_what_earlier_searches_found(self) -> None:
        """Of its own task or another: nothing that is a number, one result, or two thousand, some of them none."""
        bandit = bandit_space()
        for count, unknown in ((3, 1.0), (1, 0.0), (EARLIER, 0.1)):
            before = tuple(earlier(bandit, count, unknown, same=same) for same in (True, False))
            problem = replace(bandit.problem, earlier=before)
            rehearsal = Rehearsal(self.made(problem), bandit).play(_script(seed=6, length=3))
            resumed = rehearsal.resumed(self.made(problem))
            proposed = rehearsal.ask(3)

            assert proposed == resumed.ask(3)
            assert len({candidate.architecture.id for candidate in proposed}) == 3  # noqa: PLR2004 - as asked
            assert all(candidate.architecture.refusal() is None for candidate in proposed)

    def test_the_generator_is_that_of_the_ask(self) -> None:
        """It depends on the seed and the ask's number, not on what came before or how many are asked for."""
        bandit = bandit_space()
        eager, slow = self.started(bandit, seed=5), self.started(bandit, seed=5)
        states, same = _generators(eager), _generators(slow)
        for count in (3, 2, 4):
            eager.ask(count)
            slow.ask()
            slow.end()

        assert states == same
        assert len(set(states)) == len(states)

    def test_leaves_global_generators_alone(self) -> None:
        bandit = bandit_space()
        before = _global_generators()

        play(self.made(bandit.problem), bandit, _script(seed=2, length=30))

        assert _global_generators() == before

    def test_seeds_differ(self) -> None:
        problem = bandit_space().problem

        assert self.made(problem, seed=1).ask(5) != self.made(problem, seed=2).ask(5)

    def test_candidates_decode_to_themselves(self) -> None:
        bandit = bandit_space()
        for candidates in play(self.made(bandit.problem), bandit, _script(seed=3, length=40)):
            for candidate in candidates:
                assert bandit.space.decode(candidate.choices) == candidate

    def test_candidates_are_valid(self) -> None:
        """This holds also in a space most of whose members cannot be built."""
        made = self.made(problem_in(mostly_invalid()))
        for number in range(20):
            for candidate in made.ask():
                assert candidate.architecture.refusal() is None
                made.asked(Trial(number, candidate))
                made.tell(Trial(number, candidate, State.SUCCEEDED, {"accuracy": number % 7 / 7}, number % 7 / 7))

    def test_outlives_trials_without_success(self) -> None:
        """It still proposes candidates when all trials failed, were infeasible, or ended in another way."""
        bandit = bandit_space()
        for state in ENDS:
            history = self.started(bandit)
            for _ in range(20):
                assert history.ask()
                history.end(state=state)

    def test_takes_pruned_trials_that_go_on(self) -> None:
        """Stopped once, twice, for good, or trained to the end after all; a history tells it alike."""
        bandit = bandit_space()
        history = self.started(bandit)
        for end in (State.SUCCEEDED, State.PRUNED, State.FAILED) * 4:
            history.ask(2)
            history.end(state=State.PRUNED)
            history.go_on()
            history.end(place=1, state=end)
            history.end()
        resumed = history.resumed(self.made(bandit.problem))

        assert history.ask(2)
        assert history.proposed[-1] == resumed.ask(2)

    def test_outlives_numbers_that_are_none(self) -> None:
        """A reward and metrics that are not numbers."""
        made = self.made(bandit_space().problem)
        for number, nothing in enumerate([nan, inf, -inf, 0.5] * 10):
            (candidate,) = made.ask()
            made.asked(Trial(number, candidate))
            made.tell(Trial(number, candidate, State.SUCCEEDED, {"accuracy": nothing, "latency_ms": nan}, nothing))

    def test_takes_a_network_in_other_words(self) -> None:
        """A proposal that is a network of an earlier trial is told with that trial's number and result."""
        bandit = bandit_space()
        history = self.started(bandit)
        history.ask(2)
        history.end_all()
        for _ in range(30):
            (candidate,) = history.searcher.ask()
            history.repeat(candidate)

        assert history.ask()

    def test_proposes_beside_many_that_are_pending(self) -> None:
        """In one ask and one by one, no more than were asked for, and of what is pending nothing again."""
        bandit = bandit_space()
        history = self.started(bandit)

        at_once = history.ask(PENDING)
        one_by_one = [candidate for _ in range(PENDING) for candidate in history.ask()]

        assert len(at_once) == len(one_by_one) == PENDING
        assert len({candidate.architecture.id for candidate in (*at_once, *one_by_one)}) == 2 * PENDING
        history.end_all()
        assert history.ask()

    def test_a_space_of_one(self) -> None:
        """In a space without decisions, the only member is proposed once."""
        made = self.made(problem_in(only_member()))
        (candidate,) = made.ask(3)
        assert candidate == made.space.decode({})
        made.asked(Trial(0, candidate))
        assert made.ask() == []
        made.tell(Trial(0, candidate, State.SUCCEEDED, {"accuracy": 0.5}, 0.5))
        assert made.ask(2) == []

    def test_says_when_nothing_is_left(self) -> None:
        """When each member has been asked, an ask returns nothing, and so does each later one."""
        space = few_members()
        made, found = self.made(problem_in(space)), set()
        for number, count in enumerate(islice(cycle((1, 3)), EXHAUSTED)):
            candidates = made.ask(count)
            if not candidates:
                break
            for candidate in candidates:
                found.add(tuple(candidate.choices.values()))
                made.asked(Trial(number, candidate))
                made.tell(Trial(number, candidate, State.SUCCEEDED, {"accuracy": 0.5}, 0.5))

        assert len(found) == space.size() - 2, "two of its members cannot be built"
        assert made.ask() == made.ask(5) == []

    def test_a_space_without_valid_members_is_an_error(self) -> None:
        made = self.made(problem_in(nothing_valid()))
        try:
            made.ask()
        except InfeasibleError as error:
            assert "Widen the options" in str(error)  # noqa: PT017 - suites run without pytest
        else:
            raise AssertionError("a candidate was proposed that cannot be built")

    def test_a_history_costs_the_same_at_its_end(self) -> None:
        """asked and tell do little, however much was told, and keep little of it: fits are made when asked."""
        bandit = bandit_space()
        made, rng = self.made(bandit.problem), Random(0)
        trials = [Trial(number, bandit.space.sample(rng)) for number in range(600)]
        ends = [ended(trial, bandit, State.SUCCEEDED) for trial in trials]
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        for trial, end in zip(trials, ends, strict=True):
            made.asked(trial)
            made.tell(end)
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert after - before <= BYTES * len(trials)
        assert _calls(made, Trial(600, bandit.space.sample(rng)), bandit) <= CALLS


check_searcher = SearcherContract.check
"""Runs SearcherContract on one plugin, without pytest."""


def _global_generators() -> tuple[object, str, bytes]:
    return random.getstate(), str(np.random.get_state()), torch.get_rng_state().numpy().tobytes()  # noqa: NPY002 - read only


def _script(seed: int, length: int) -> list[int]:
    rng = Random(seed)
    return [rng.randrange(STEPS) for _ in range(length)]


def _generators(history: Rehearsal) -> list[object]:
    """The states of the generators that propose is given from now on."""
    states: list[object] = []
    propose = history.searcher.propose

    def watched(count: int, rng: Random) -> Sequence[Candidate]:
        states.append(rng.getstate())
        return propose(count, rng)

    history.searcher.propose = watched  # type: ignore[method-assign]  # this one searcher is watched
    return states


def _calls(made: Searcher, trial: Trial, bandit: Bandit) -> int:
    """How many Python functions are called when trial is asked and told."""
    calls = 0
    end = ended(trial, bandit, State.SUCCEEDED)

    def called(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        made.asked(trial)
        made.tell(end)
    finally:
        sys.setprofile(before)
    return calls
