"""The steps of a proposal: the first networks by design, then those that a surrogate expects most of."""

from dataclasses import replace
from functools import cached_property
from itertools import islice
from random import Random

import numpy as np
from numpy.random import Generator

from nas.asking.codes import Codes, choices_of
from nas.asking.problem import Problem
from nas.asking.unasked import Unasked
from nas.objective import Goal
from nas.searchers.predictor.aims import aim_of, modelled_goal, other_metrics
from nas.searchers.predictor.candidates import Candidates
from nas.searchers.predictor.design import Design, axes_of, axis_of
from nas.searchers.predictor.expectations import Expectations, Knowledge
from nas.searchers.predictor.found import found_before
from nas.searchers.predictor.history import History
from nas.searchers.predictor.reader import Reader
from nas.searchers.predictor.related import agreement, informed
from nas.searchers.predictor.sample import inputs_of, sample_of, within
from nas.searchers.predictor.surrogates import FEW, Surrogates
from nas.space import Candidate

FIRST, TRUSTED = 3, 0.2
"""From so many results on, the design follows earlier searches only if Kendall's tau of their predictions is that."""

AGREEING = 0.5
"""Kendall's tau of an earlier search's predictions with the first results from which it replaces the design."""

BELIEVED = 500
"""Networks of the sample that are predicted at each ask, to know what is a usual value."""


class Engine:
    """Proposes by a history. What it keeps from one ask to the next follows from the history alone."""

    def __init__(self, problem: Problem, unasked: Unasked, seed: int, *, initial: int, explore: float) -> None:
        self.history = History(problem.space, (earlier for earlier in problem.earlier if earlier.same))
        self._problem, self._unasked, self._seed = informed(problem, seed), unasked, seed
        self._initial, self._explore = initial, explore

    def propose(self, count: int, rng: Random) -> list[Candidate]:
        """Up to count different candidates; none where the sample has no network that can be built."""
        if not len(self._ground.sample.codes):
            return []
        generator = np.random.default_rng(rng.getrandbits(64))
        found = self._found_before(count)
        count -= len(found)
        designed = count if len(self.history) < FEW else min(count, max(0, self._missing()))
        found += self._designed(designed, generator)
        return found + (self._expected(count - designed, generator) if designed < count else [])

    @cached_property
    def _ground(self) -> "_Ground":
        return _Ground(self._problem, self._initial, self._seed)

    @cached_property
    def _goal(self) -> Goal:
        return modelled_goal(self._problem.objective, self._ground.sample.columns)

    @cached_property
    def _surrogates(self) -> Surrogates:
        return Surrogates(self._problem, self.history, self._ground.inputs)

    def _missing(self) -> int:
        """Number of networks by design that are still wanted; none once an earlier search proves right."""
        missing = self._initial - self.history.started - self.history.taken_over
        return 0 if missing > 0 and self._agreement() >= AGREEING else missing

    def _agreement(self) -> float:
        """Of what earlier searches of other tasks predict with the results by now."""
        return agreement(self._problem, self.history, self._goal)

    def _found_before(self, count: int) -> list[Candidate]:
        return [candidate for candidate in self._found if candidate in self._unasked][:count]

    @cached_property
    def _found(self) -> list[Candidate]:
        problem = replace(self._problem, earlier=tuple(each for each in self._problem.earlier if each.same))
        return found_before(problem, self._ground.inputs, self._goal, self._ground.axis) if problem.earlier else []

    def _designed(self, count: int, rng: Generator) -> list[Candidate]:
        first, design = self.history.started, self._ground.design
        trusting = len(self.history) < FIRST or self._agreement() >= TRUSTED
        rows = (design.network(n, self._unasked, rng, trusting=trusting) for n in range(first, first + count))
        return [found for row in rows if row is not None and (found := self._decoded(row))]

    def _expected(self, count: int, rng: Generator) -> list[Candidate]:
        """The networks of which most is expected; none where too little was seen."""
        goal, surrogate = self._goal, self._surrogates.of_goal(self._goal, self._ground.axis)
        if surrogate is None:
            return []
        process, trained = surrogate
        missing = sorted(other_metrics(self._problem.objective, goal) - self._ground.sample.columns.keys())
        learned = {name: made for name in missing if (made := self._surrogates.of_metric(name))}
        reader = Reader(self._problem, self._ground.inputs, learned)
        sample = reader.completed(self._ground.sample)
        allowed = within(self._problem, sample)
        aim = aim_of(self._problem.objective, goal, allowed.columns, rng)
        pending = reader.read(self.history.pending)
        space = process.mean(reader.inputs(sample.of(slice(BELIEVED))))
        networks = reader.completed(trained).and_(pending)
        knowledge = Knowledge(process.believing(reader.inputs(pending)), networks, space)
        expectations = Expectations(self._problem.objective, aim, reader, knowledge)
        candidates = Candidates(self._problem.space, self._unasked, reader.read, rng)
        near = candidates.around(expectations.parents, allowed.codes, len(self._ground.axes))
        if not len(near.codes):
            return []
        climbed, scores = candidates.climbed(near, expectations.score, self._ground.axes)
        ranked = expectations.ranked(climbed, scores, self._explore, rng)
        return list(islice((found for row in ranked if (found := self._decoded(row))), count))

    def _decoded(self, row: Codes) -> Candidate | None:
        """The candidate of a row [decisions]; None if it cannot be built."""
        candidate = self._problem.space.decode(choices_of(self._problem.space, row))
        return candidate if candidate.architecture.refusal() is None else None


class _Ground:
    """What follows from the problem and the seed alone: a sample of the space, and the first networks."""

    def __init__(self, problem: Problem, initial: int, seed: int) -> None:
        rng = np.random.default_rng(Random(f"{seed} sample").getrandbits(64))
        self.sample = sample_of(problem, rng)
        if len(self.sample.codes):
            self.inputs = inputs_of(problem, self.sample)
            allowed = within(problem, self.sample)
            self.axis = axis_of(problem.objective, self.sample.columns)
            self.axes = axes_of(problem.objective, self.sample.columns)
            self.design = Design(allowed, self.axis, self.inputs, initial, rng)
