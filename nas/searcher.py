"""Searchers: what to try next, given what has been tried."""

from abc import ABC, abstractmethod
from random import Random
from typing import Any, ClassVar

from nas.registry import Registry
from nas.space import Candidate, SearchSpace
from nas.trial import Trial


class Searcher(ABC):
    """Proposes candidates (ask) and learns from their trials (tell).

    A searcher is a function of its space, its seed and the order of its asks and tells, and of nothing else: a crashed
    search is resumed by making the same calls again, so a searcher is never stored. Asks may run ahead of tells, and
    tells may come in another order than the asks. Keyword-only constructor parameters are the user's parameters; all
    have defaults. nas.testing.SearcherContract proves these promises.
    """

    name: ClassVar[str]

    def __init__(self, space: SearchSpace, seed: int) -> None:
        self.space = space
        self.rng = Random(seed)

    @classmethod  # noqa: B027 - most searchers' parameters go together
    def check(cls, **parameters: Any) -> None:
        """SpecError if the user's parameters, each right by itself, do not go together."""

    @abstractmethod
    def ask(self) -> Candidate | None:
        """A valid candidate to try next, or None when the searcher has nothing more to propose.

        InfeasibleError if the space seems to have no valid member.
        """

    @abstractmethod
    def tell(self, trial: Trial) -> None:
        """Learn from a finished trial. Its reward is None when it failed.

        A candidate that is a network of an earlier trial is told with that trial's number and result.
        """


searcher: Registry[Searcher] = Registry("searcher", "nas.searchers")
