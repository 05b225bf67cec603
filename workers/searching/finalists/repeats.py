"""After the trials: the best are trained again with other seeds, and all are ranked by what is believed of them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from nas.asking.problem import Problem
from nas.jobs.rows import RANKING
from nas.quantities import percent
from nas.search.loop import Search
from nas.trial import Metrics, Trial
from nas.winner.choice import Ranking, candidates, ranking
from nas.winner.repeats import repeat_name
from nas.winner.trained import ACCURACY
from workers.searching.context import SearchContext
from workers.searching.evaluations import Evaluation, evaluated

SEEDS = 2**31


class _Repeat(NamedTuple):
    """The training of a trial's network with another seed; number: from 1. arm: as in rank_trials."""

    trial: Trial
    number: int
    arm: str

    @property
    def name(self) -> str:
        return repeat_name(self.trial.number, self.number, self.arm)

    @property
    def words(self) -> str:
        return f"repeat {self.number} of {self.arm and self.arm + ' '}trial {self.trial.number}"


def rank_trials(context: SearchContext, problem: Problem, search: Search, arm: str = "") -> Ranking:
    """The networks of a search by the posterior mean of their reward, after the repeats that the spec wants.

    Each training is kept as soon as it is done. One that fails says nothing; the listener gets the reason. arm: the
    name of a search beside the spec's own, whose ranking is not shown.
    """
    trials = [*search.trials.values()]
    wanted = context.spec.finalists
    repeated = candidates(problem, trials, wanted.candidates) if wanted.repeats else []
    repeats = [_Repeat(trial, number, arm) for trial in repeated for number in range(1, wanted.repeats + 1)]
    scores = _trained(context, repeats)
    accuracies: defaultdict[int, list[float]] = defaultdict(list)
    for repeat in repeats:
        if ACCURACY in scores[repeat.name]:
            accuracies[repeat.trial.number].append(scores[repeat.name][ACCURACY])
    found = ranking(problem, trials, accuracies)
    if not arm:
        context.store.keep(RANKING, found.describe())
    if accuracies and not arm:
        context.listener.say(_said(found, accuracies))
    return found


def _trained(context: SearchContext, repeats: Sequence[_Repeat]) -> dict[str, Metrics]:
    """The metrics of each repeat by its name; none of one that failed."""

    def begin() -> None:
        if not repeats[0].arm:
            context.listener.phase("REPEATS")
        best = len({repeat.trial.number for repeat in repeats})
        context.listener.say(f"training the best {best} trials again, {len(repeats)} times")

    wanted = [
        Evaluation(repeat.name, repeat.words, repeat.trial.candidate.architecture, _seed(context, repeat))
        for repeat in repeats
    ]
    return evaluated(context, wanted, "repeats", begin)


def _seed(context: SearchContext, repeat: _Repeat) -> int:
    """Of the repeat; that of the trial is the search's."""
    return (context.spec.seed + repeat.number) % SEEDS


def _said(found: Ranking, accuracies: Mapping[int, Sequence[float]]) -> str:
    best = found.standings[0]
    luckiest = max(found.standings, key=lambda each: each.observed)
    number, observed = luckiest.trial.number, percent(luckiest.observed)
    return (
        f"ranked by {found.method} after {sum(map(len, accuracies.values()))} repeats: trial {best.trial.number} is "
        f"first with {percent(best.mean)}; trial {number}, whose score was the best at {observed}, comes to "
        f"{percent(luckiest.mean)}"
    )
