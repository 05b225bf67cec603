"""Expected hypervolume improvement by a Gaussian process of the accuracy, with latency and sizes known beforehand."""

from collections.abc import Sequence
from functools import partial
from random import Random
from typing import Annotated

from nas.asking.problem import Problem
from nas.asking.unasked import Make, Unasked
from nas.decision import uniform
from nas.registry import described
from nas.searcher import Searcher, searcher
from nas.space import Candidate
from nas.trial import Trial


@searcher("predictor")
class Predictor(Searcher):
    """A Gaussian process predicts the accuracy from the decisions and from what is known without training.

    The next network is the one that is expected to add most to the front, or to the reward, of those that keep the
    limits. The first `initial` networks are spread over what is known, a share `explore` of the others is chosen by how
    little is known of them.
    """

    learns_from_scores = True

    def __init__(
        self,
        problem: Problem,
        seed: int,
        *,
        initial: Annotated[
            int,
            described(
                "networks that are spread over the space first, before anything is predicted",
                "lower it where max_trials is below 40",
                ge=2,
            ),
        ] = 12,
        explore: Annotated[
            float,
            described(
                "share of the later networks that is chosen by how little is known of them",
                "raise it where searches of several seeds end at different fronts",
                ge=0,
                le=1,
            ),
        ] = 0.05,
    ) -> None:
        from nas.searchers.predictor.engine import Engine  # noqa: PLC0415 - scipy takes long to import; only proposing needs it

        super().__init__(problem, seed)
        self._unasked = Unasked(self.space)
        self._engine = Engine(problem, self._unasked, seed, initial=initial, explore=explore)

    @property
    def uses_earlier(self) -> bool:
        return True

    def propose(self, count: int, rng: Random) -> Sequence[Candidate]:
        """What the engine finds, and random members where it finds fewer, as at the end of a small space."""
        found = self._engine.propose(count, rng) if self.space.decisions() else []

        def make(place: int) -> Make:
            return partial(found.__getitem__, place) if place < len(found) else partial(self.space.walk, uniform(rng))

        return self._unasked.draw(count, rng, make)

    def asked(self, trial: Trial) -> None:
        self._unasked.remove(trial.candidate)
        self._engine.history.asked(trial)

    def tell(self, trial: Trial) -> None:
        self._engine.history.tell(trial)
