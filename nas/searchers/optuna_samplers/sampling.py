"""What Optuna's samplers have in common as searchers: a study in memory, fed from the history of the search."""

from __future__ import annotations

from abc import abstractmethod
from collections import defaultdict, deque
from functools import cached_property, partial
from itertools import count
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from nas.asking.unasked import Make, Unasked
from nas.asking.warm_start import starting_candidates
from nas.pareto import Better
from nas.searcher import Searcher
from nas.trial import REFUSED_KERNELS, Metrics, State, Trial

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    import optuna

    from nas.asking.problem import Problem
    from nas.space import Candidate

SUGGESTIONS = 5
"""Number of times that a sampler is asked for one candidate; then a neighbour of its last suggestion is taken, as
samplers suggest again what was tried where there are only choices."""

EARLIER = 5
"""Networks from the fronts of earlier searches that are proposed first."""

UNUSED = 0
"""The option under which a study keeps a decision that the way through the space did not come to."""

Key = tuple[int, tuple[tuple[str, int], ...]]


class SamplerSearcher(Searcher):
    """A searcher that lets a sampler of Optuna suggest an option for every decision of the space.

    Decisions that the way through the space does not come to are suggested too and not used, as samplers learn only
    what all trials have. A sampler is made for each ask and keeps nothing but what is in the study. Refused trials are
    told with how far they are over the limits (Trial.set_constraint), and the worst values seen so far.
    """

    def __init__(self, problem: Problem, seed: int) -> None:
        import optuna  # noqa: PLC0415 - half a second to import; only these searchers need it

        super().__init__(problem, seed)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._goals = problem.objective.goals
        up, down = optuna.study.StudyDirection.MAXIMIZE, optuna.study.StudyDirection.MINIMIZE
        directions = [up if goal.better is Better.HIGHER else down for goal in self._goals]
        self.study = optuna.create_study(directions=directions, sampler=self.sampler(0))
        self._distributions: dict[str, optuna.distributions.BaseDistribution] = {
            decision.name: optuna.distributions.CategoricalDistribution(range(len(decision.options)))
            for decision in self.space.decisions()
        }
        self._unasked = Unasked(self.space)
        self._proposed = 0
        self._untold: list[Trial] = []
        self._pending: defaultdict[Key, deque[int]] = defaultdict(deque)
        self._worst: list[float | None] = [None for _ in self._goals]

    @abstractmethod
    def sampler(self, seed: int) -> optuna.samplers.BaseSampler:
        """A new sampler."""

    def attributes(self) -> dict[str, Any]:
        """The notes that the sampler makes on a trial that it is asked for."""
        return {}

    def completed(self, trial: optuna.trial.FrozenTrial) -> None:
        """The study was told of a trial's values."""

    @property
    def uses_earlier(self) -> bool:
        return True

    def propose(self, count: int, rng: Random) -> Sequence[Candidate[Any]]:
        import optuna  # noqa: PLC0415 - imported already

        for trial in self._untold:
            self._add(trial)
        self._untold.clear()
        self.study.sampler = self.sampler(rng.getrandbits(31))
        drafts: list[int] = []
        try:
            return self._unasked.draw(count, rng, lambda place: self._earlier(place) or self._suggestions(rng, drafts))
        finally:  # what becomes of proposals is told
            for number in drafts:
                self.study.tell(number, state=optuna.trial.TrialState.FAIL)

    def _earlier(self, place: int) -> Make | None:
        """The network of an earlier search that is proposed at this place of an ask; None after the first of all."""
        number = self._proposed + place
        return partial(self._start.__getitem__, number) if number < len(self._start) else None

    @cached_property
    def _start(self) -> list[Candidate[Any]]:
        return starting_candidates(self.problem, EARLIER)

    def asked(self, trial: Trial) -> None:
        self._proposed += 1
        self._unasked.remove(trial.candidate)
        self._untold.append(trial)

    def tell(self, trial: Trial) -> None:
        self._untold.append(trial)

    def _add(self, trial: Trial) -> None:
        """Tell the study what is new of a trial: that it was asked, or how it ended."""
        import optuna  # noqa: PLC0415 - imported already

        key = trial.number, tuple(sorted(trial.candidate.choices.items()))
        if trial.state is State.RUNNING:
            added = optuna.trial.create_trial(
                state=optuna.trial.TrialState.RUNNING,
                params={name: trial.candidate.choices.get(name, UNUSED) for name in self._distributions},
                distributions=self._distributions,
                constraints={"limits": self._excess(trial.metrics)},
                system_attrs=self.attributes(),
            )
            self.study.add_trial(added)
            self._pending[key].append(len(self.study.get_trials(deepcopy=False)) - 1)
            return
        number = self._pending[key].popleft()
        if not self._pending[key]:
            del self._pending[key]
        values = self._values(trial)
        if values is None:
            self.study.tell(number, state=optuna.trial.TrialState.FAIL)
        else:
            self.completed(self.study.tell(number, values))

    def _suggestions(self, rng: Random, drafts: list[int]) -> Make:
        """The sampler's suggestions, then neighbours of the last. drafts: gets the numbers of the study's trials."""
        suggested: dict[str, int] = {}
        calls = count()

        def make() -> Candidate[Any]:
            if next(calls) < SUGGESTIONS:
                draft = self.study.ask(fixed_distributions=self._distributions)
                drafts.append(draft.number)
                suggested.update(draft.params)
                return self.space.decode(suggested)
            return self.space.neighbour(self.space.decode(suggested), rng)

        return make

    def _excess(self, metrics: Metrics) -> float:
        """How far the metrics are over the limits; above 0 where the device does not run the network either."""
        columns = {name: np.array([value]) for name, value in metrics.items()}
        margins = (float(margin[0]) for margin in self.problem.objective.margins(columns).values())
        return metrics.get(REFUSED_KERNELS, 0.0) + sum(margin for margin in margins if margin > 0)

    def _values(self, trial: Trial) -> list[float] | None:
        """What the study is told of the goals; None of a trial that is to teach nothing, as one that failed.

        A refused trial has no accuracy: it gets the worst of all trials before it. One that was pruned has the values
        of its last epoch, and is another trial of the study if it goes on.
        """
        found = [goal.of(trial) for goal in self._goals]
        if trial.state is State.INFEASIBLE:
            found = [worst if value is None else value for value, worst in zip(found, self._worst, strict=True)]
        values = [value for value in found if value is not None and isfinite(value)]
        if trial.state is State.FAILED or len(values) < len(found):
            return None
        if trial.state is not State.INFEASIBLE:
            for place, (goal, value) in enumerate(zip(self._goals, values, strict=True)):
                worst = self._worst[place]
                if worst is None or (value < worst) is (goal.better is Better.HIGHER):
                    self._worst[place] = value
        return values
