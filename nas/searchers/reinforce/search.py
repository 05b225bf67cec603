"""MnasNet's search: a recurrent controller proposes, PPO improves it (arXiv:1807.11626, section 4.2)."""

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from math import isfinite
from random import Random
from typing import Annotated

from nas.asking.problem import Problem
from nas.asking.unasked import Unasked
from nas.registry import described
from nas.searcher import Searcher, searcher
from nas.space import Candidate
from nas.trial import State, Trial

Choices = tuple[tuple[str, int], ...]

WORST = -1.0
"""Rewards are raised to this minimum, so that one very bad candidate does not dominate its batch."""


@searcher("reinforce")
class Reinforce(Searcher):
    """`batch` trials make one update of `ppo_epochs` steps; a trial counts by its reward less the moving average.

    The defaults of learning_rate, entropy_weight and baseline_decay are the paper's. It gives no batch, ppo_epochs and
    clip; with these a few hundred trials are enough to learn from (docs/results/bandits.md).
    """

    def __init__(
        self,
        problem: Problem,
        seed: int,
        *,
        learning_rate: Annotated[
            float,
            described("learning rate of the controller; the paper's by default", "raise it for few trials", gt=0, le=1),
        ] = 0.00035,
        entropy_weight: Annotated[
            float,
            described(
                "weight of the entropy of its choices; the paper's by default", "raise it if it settles too soon", ge=0
            ),
        ] = 0.00001,
        baseline_decay: Annotated[
            float,
            described("decay of the moving average of rewards; the paper's by default", "rarely", ge=0, lt=1),
        ] = 0.95,
        batch: Annotated[
            int, described("trials between two updates of the controller", "raise it for thousands of trials", ge=1)
        ] = 10,
        ppo_epochs: Annotated[
            int, described("steps of one update", "lower it if the controller is unsteady", ge=1)
        ] = 10,
        clip: Annotated[
            float, described("how far an update may change a probability, as a ratio", "rarely", gt=0, lt=1)
        ] = 0.2,
    ) -> None:
        from nas.searchers.reinforce.controller import Controller  # noqa: PLC0415 - torch takes a second to import; only this searcher needs it

        super().__init__(problem, seed)
        self._controller = Controller(self.space.decisions(), learning_rate, seed)
        self._entropy_weight, self._epochs, self._clip = entropy_weight, ppo_epochs, clip
        self._baseline_decay = baseline_decay
        self._baseline: float | None = None
        self._batch = batch
        self._walks: list[tuple[Mapping[str, int], tuple[float, ...], float]] = []
        self._unasked = Unasked(self.space)
        self._new: list[Trial] = []
        # A later policy may ask the same choices again before their first trial is told: first asked, first told.
        self._pending: defaultdict[Choices, deque[tuple[float, ...]]] = defaultdict(deque)

    def propose(self, count: int, rng: Random) -> Sequence[Candidate]:
        """Draws from the policy, which may repeat itself in later asks. None when the whole space has been asked."""
        self._learn()
        sampling = self._controller.sampling(rng)
        drawn = {_choices(candidate): candidate for candidate in (self.space.valid(sampling) for _ in range(count))}
        if any(candidate in self._unasked for candidate in drawn.values()) or self._unasked.draw(1, rng):
            return [*drawn.values()]
        return []

    def asked(self, trial: Trial) -> None:
        self._unasked.remove(trial.candidate)
        self._new.append(trial)

    def tell(self, trial: Trial) -> None:
        """Ignores trials of candidates that were not asked here: PPO needs the policy that proposed them."""
        self._new.append(trial)

    def _learn(self) -> None:
        """Go through what was asked and told since the last time, in that order."""
        for trial in self._new:
            if trial.state is State.RUNNING:
                log_probs = self._controller.log_probs(trial.candidate.choices)
                self._pending[_choices(trial.candidate)].append(log_probs)
            else:
                self._reward(trial)
        self._new = []

    def _reward(self, trial: Trial) -> None:
        asked = self._pending.get(_choices(trial.candidate))
        if not asked:
            return
        log_probs = asked.popleft()
        if not asked:
            del self._pending[_choices(trial.candidate)]
        if trial.reward is None or not isfinite(trial.reward):
            return
        reward = max(trial.reward, WORST)
        baseline = reward if self._baseline is None else self._baseline
        self._baseline = self._baseline_decay * baseline + (1 - self._baseline_decay) * reward
        self._walks.append((trial.candidate.choices, log_probs, reward - baseline))
        if len(self._walks) == self._batch:
            self._controller.update(
                self._walks, epochs=self._epochs, clip=self._clip, entropy_weight=self._entropy_weight
            )
            self._walks = []


def _choices(candidate: Candidate) -> Choices:
    return tuple(candidate.choices.items())
