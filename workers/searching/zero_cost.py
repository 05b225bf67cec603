"""The zero-cost scores of a search's candidates, computed by its workers."""

from collections.abc import Callable, Mapping, Sequence
from math import isfinite, isnan, nan
from random import Random

import numpy as np

from nas.asking.codes import encode
from nas.asking.problem import NoScores, Problem, Scored, Scores
from nas.errors import NasError
from nas.jobs.records import Json
from nas.ops.notation import write_network
from nas.searcher import searcher
from nas.space import Candidate, SearchSpace
from nas.trial import REFUSED_KERNELS, Columns, Metrics, unheard
from workers.searching.context import SearchContext
from workers.tasks.score import score

NAME = "zero-cost-sample"
"""The name under which a search keeps what it has scored when it began."""

CHUNK = 4
"""Networks of a task: other workers take others meanwhile."""

KEPT = 10_000
"""Networks whose scores are kept, the latest."""


def scores_of(context: SearchContext) -> Scores:
    """The scores that the spec wants."""
    return NoScores() if context.spec.zero_cost is None else WorkerScores(context, context.spec.zero_cost.scores)


class WorkerScores:
    """Scores as tasks. They follow from network, images and seed, so those that a kill has lost are computed again."""

    def __init__(self, context: SearchContext, names: Sequence[str]) -> None:
        self.names = names
        self._context = context
        self._known: dict[str, Mapping[str, float]] = {}

    def __call__(self, candidates: Sequence[Candidate]) -> Columns:
        ids = [candidate.architecture.network_id for candidate in candidates]
        wanted = {i: each for i, each in zip(ids, candidates, strict=True) if i not in self._known}
        self._score({i: write_network(each.architecture.expand()) for i, each in wanted.items()})
        found = [self._known[i] for i in ids]
        for i in [*self._known][: max(0, len(self._known) - KEPT)]:
            del self._known[i]
        return {name: np.array([each.get(name, nan) for each in found]) for name in self.names}

    def _score(self, notations: Mapping[str, str]) -> None:
        ids = [*notations]
        chunks = [ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]
        tasks = [
            self._context.submit(score, [notations[i] for i in chunk], self.names, report=unheard) for chunk in chunks
        ]
        for chunk, task in zip(chunks, tasks, strict=True):
            try:
                found = task.result()
            except NasError as error:
                self._context.listener.say(f"{len(chunk)} networks have no zero-cost scores: {error}")
                found = [{}] * len(chunk)
            self._known |= zip(chunk, found, strict=True)


def sample_scores(context: SearchContext, space: SearchSpace, scores: Scores) -> Scored | None:
    """The scores of random networks of the space, computed now or by an earlier call; None if the spec wants none, or
    its searcher does not learn from them.
    """
    use, name = context.spec.zero_cost, context.spec.searcher["name"]
    if use is None or not use.sample:
        return None
    if not searcher[name].learns_from_scores:
        context.listener.say(f"{name} does not learn from zero-cost scores, so no random networks are scored")
        return None
    known = context.store.known(NAME) or context.store.keep(NAME, _scored_now(context, space, scores, use.sample))
    columns = {name: np.array(column, np.float64) for name, column in known["scores"].items()}
    return Scored(encode(space, known["choices"]), columns)


def _scored_now(context: SearchContext, space: SearchSpace, scores: Scores, count: int) -> Json:
    """The choices of so many random networks, or fewer where some are the same, and their scores, None for NaN."""
    context.listener.phase("SCORING")
    rng = Random(f"{context.spec.seed} {NAME}")
    drawn = {each.architecture.network_id: each for each in (space.sample(rng) for _ in range(count))}
    candidates, at_once = [*drawn.values()], CHUNK * context.quota.workers
    found: dict[str, list[float | None]] = {name: [] for name in scores.names}
    for start in range(0, len(candidates), at_once):
        for name, column in scores(candidates[start : start + at_once]).items():
            found[name] += [None if isnan(value) else float(value) for value in column]
        context.listener.step("scoring networks", min(start + at_once, len(candidates)), len(candidates))
    context.listener.say(f"{len(candidates)} random networks of the space are scored: {', '.join(scores.names)}")
    return {"choices": [dict(each.choices) for each in candidates], "scores": found}


def scored(known: Callable[[Candidate], Metrics], problem: Problem) -> Callable[[Candidate], Metrics]:
    """known, with the scores of candidates that will be trained: those within the limits that the device runs."""

    def metrics(candidate: Candidate) -> Metrics:
        found = known(candidate)
        if REFUSED_KERNELS in found or problem.objective.violation(found):
            return found
        scores = {name: float(column[0]) for name, column in problem.scores([candidate]).items()}
        return {**found, **{name: value for name, value in scores.items() if isfinite(value)}}

    return metrics
