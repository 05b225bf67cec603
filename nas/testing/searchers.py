"""The promises of a searcher as tests."""

import random
from collections.abc import Iterable
from dataclasses import replace
from random import Random

import numpy as np
import torch

from nas.searcher import Searcher, searcher
from nas.space import Candidate, SearchSpace
from nas.spaces import load_space
from nas.testing.bandits import Bandit, bandit_space
from nas.testing.contract import Contract
from nas.trial import State, Trial

STEPS = 12
OUTCOMES = (State.SUCCEEDED, State.INFEASIBLE, State.FAILED)


def play(searcher: Searcher, bandit: Bandit, script: Iterable[int]) -> list[Candidate | None]:
    """Ask and tell as script says; returns the candidates.

    A number under STEPS / 2 is an ask. Any other tells one of the open trials and decides which, and its result.
    """
    asked: list[Candidate | None] = []
    open_trials: list[Trial] = []
    for step in script:
        if step < STEPS // 2:
            candidate = searcher.ask()
            asked.append(candidate)
            if candidate is not None:
                open_trials.append(Trial(len(asked) - 1, candidate))
        elif open_trials:
            trial = open_trials.pop(step % len(open_trials))
            searcher.tell(_ended(trial, bandit, OUTCOMES[step % len(OUTCOMES)]))
    return asked


def _ended(trial: Trial, bandit: Bandit, state: State) -> Trial:
    reward = bandit.reward(trial.candidate.choices)
    rewards = {State.SUCCEEDED: reward, State.INFEASIBLE: -10 * reward, State.FAILED: None}
    return replace(trial, state=state, metrics={"accuracy": reward}, reward=rewards[state])


class SearcherContract(Contract):
    """Subclass it with the config of one searcher, at least its name."""

    def made(self, space: SearchSpace, seed: int = 0) -> Searcher:
        return searcher.make(self.config, space, seed)

    def test_needs_no_parameters(self) -> None:
        name = self.config if isinstance(self.config, str) else self.config["name"]

        assert isinstance(searcher.make(name, bandit_space().space, 0), Searcher)

    def test_repeats_exactly(self) -> None:
        """The same seed and the same order of asks and tells give the same candidates."""
        bandit, script = bandit_space(), _script(seed=1, length=120)

        assert play(self.made(bandit.space), bandit, script) == play(self.made(bandit.space), bandit, script)

    def test_leaves_global_generators_alone(self) -> None:
        bandit = bandit_space()
        before = _global_generators()

        play(self.made(bandit.space), bandit, _script(seed=2, length=60))

        assert _global_generators() == before

    def test_seeds_differ(self) -> None:
        space = bandit_space().space
        first, second = self.made(space, seed=1), self.made(space, seed=2)

        assert [first.ask() for _ in range(5)] != [second.ask() for _ in range(5)]

    def test_candidates_decode_to_themselves(self) -> None:
        bandit = bandit_space()
        for candidate in play(self.made(bandit.space), bandit, _script(seed=3, length=120)):
            assert candidate is not None
            assert bandit.space.decode(candidate.choices) == candidate

    def test_candidates_are_valid(self) -> None:
        """This holds also in a space most of whose members cannot be built."""
        made = self.made(_mostly_invalid())
        for number in range(60):
            candidate = made.ask()
            assert candidate is not None
            assert candidate.architecture.refusal() is None
            made.tell(Trial(number, candidate, State.SUCCEEDED, reward=number % 7 / 7))

    def test_outlives_failures(self) -> None:
        """It still proposes candidates when all trials failed or were infeasible."""
        bandit = bandit_space()
        for state in (State.FAILED, State.INFEASIBLE):
            made = self.made(bandit.space)
            for number in range(60):
                candidate = made.ask()
                assert candidate is not None
                made.tell(_ended(Trial(number, candidate), bandit, state))

    def test_a_space_of_one(self) -> None:
        """In a space without decisions, the only member is proposed, or None."""
        space = _only_member()
        made = self.made(space)
        for number in range(30):
            candidate = made.ask()
            if candidate is not None:
                assert candidate == space.decode({})
                made.tell(Trial(number, candidate, State.SUCCEEDED, reward=0.5))


check_searcher = SearcherContract.check
"""Runs SearcherContract on one plugin, without pytest."""


def _global_generators() -> tuple[object, str, bytes]:
    return random.getstate(), str(np.random.get_state()), torch.get_rng_state().numpy().tobytes()  # noqa: NPY002 - read only


def _script(seed: int, length: int) -> list[int]:
    rng = Random(seed)
    return [rng.randrange(STEPS) for _ in range(length)]


def _only_member() -> SearchSpace:
    stage = {"blocks": [{"conv": {"kernel": 3}}], "layers": 1, "width": 8}
    return load_space({"name": "one", "resolution": 8, "stem": {"width": 8}, "stages": [stage], "classes": 2})


def _mostly_invalid() -> SearchSpace:
    """Shuffle units with a stride must widen: few sequences of widths do."""
    stage = {"blocks": [{"shuffle": {"groups": [1, 2]}}], "layers": [1, 2], "width": [16, 24, 32, 48], "stride": 2}
    stem = {"width": 8, "stride": 1}
    return load_space({"name": "narrow", "resolution": 32, "stem": stem, "stages": [stage] * 3, "classes": 2})
