"""Uniform sampling: the baseline that every other searcher must beat at equal trials."""

from nas.searcher import Searcher, searcher
from nas.space import Candidate
from nas.trial import Trial


@searcher("random")
class RandomSearch(Searcher):
    """Each decision is answered uniformly, independently of all trials."""

    def ask(self) -> Candidate:
        return self.space.sample(self.rng)

    def tell(self, trial: Trial) -> None:
        """Nothing is learned."""
