"""Searchers: what to try next, given what has been tried."""

from abc import ABC, abstractmethod
from collections import deque
from random import Random
from typing import Any, ClassVar

from nas.registry import Registry
from nas.space import Candidate, Decision, SearchSpace
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
        """Learn from a finished trial. Its reward is None when it failed."""


def decisions(space: SearchSpace) -> tuple[Decision, ...]:
    """Every decision that some walk through space asks, in an order that depends on the space alone.

    Searchers that learn something for each option need to know them before the first walk. Found by walking: each
    option of each decision is taken once, all others as they were when the decision was first met.
    """
    found: dict[str, Decision] = {}
    routes: deque[dict[str, int]] = deque([{}])
    while routes:
        route = routes.popleft()

        def choose(decision: Decision, route: dict[str, int] = route) -> int:
            if decision.name not in found:
                found[decision.name] = decision
                routes.extend({**route, decision.name: option} for option in range(1, len(decision.options)))
            return route.get(decision.name, 0)

        space.walk(choose)
    return tuple(found.values())


searcher: Registry[Searcher] = Registry("searcher", "nas.searchers")
