"""Searchers: what to try next, given what has been tried."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from random import Random
from typing import Annotated, Any, ClassVar, final

from nas.asking.problem import Problem
from nas.registry import Registry, described, plugin_of
from nas.space import Candidate
from nas.trial import Trial

Startup = Annotated[
    int,
    described(
        "trials that are drawn at random first",
        "raise it for large spaces; lower it where trials are few",
        ge=1,
    ),
]
"""The parameter `startup` of searchers that begin at random."""


class Searcher(ABC):
    """Proposes candidates (ask) and learns what becomes of them (asked, tell).

    A searcher is a function of its problem, its seed and its history, which is the order of the calls of asked and
    tell, and of nothing else: a search that was killed goes on with a new searcher that is given the history, without
    asking again. So proposing leaves nothing behind that later proposals depend on. Asks may run ahead of tells, and
    tells may come in another order than the asks. asked and tell take well under a millisecond, however much was told:
    what is fitted is fitted in propose.

    Keyword-only constructor parameters are the user's parameters; all have defaults. nas.testing.SearcherContract
    proves these promises.
    """

    name: ClassVar[str]
    learns_from_scores: ClassVar[bool] = False
    """Whether it makes use of problem.scored, the zero-cost scores of random networks. If not, none are scored."""

    def __init__(self, problem: Problem, seed: int) -> None:
        self.problem = problem
        self.space = problem.space
        self.seed = seed
        self.asks = 0
        """Number of asks so far; who gives a history sets it to that of the history."""

    @classmethod  # noqa: B027 - most searchers' parameters go together
    def check(cls, **parameters: Any) -> None:
        """SpecError if the user's parameters, each right by itself, do not go together."""

    @property
    def note(self) -> str | None:
        """What its user is to know of how it works on this problem, such as what it chose and why."""
        return None

    @property
    def uses_earlier(self) -> bool:
        """Whether it makes use of the problem's earlier results. If not, its search says so where there are any."""
        return False

    @final
    def ask(self, count: int = 1) -> list[Candidate]:
        """Up to count different valid candidates to try at the same time; none when nothing is left to try.

        InfeasibleError if the space seems to have no valid member.
        """
        rng = Random(f"{self.seed} {self.asks}")
        self.asks += 1
        return list(self.propose(count, rng))

    @abstractmethod
    def propose(self, count: int, rng: Random) -> Sequence[Candidate]:
        """What ask returns. rng depends on the seed and the number of the ask alone."""

    @abstractmethod
    def asked(self, trial: Trial) -> None:
        """A proposal is this trial now, and pending until it is told. Each proposal is, in the order proposed.

        A proposal that is a network of an earlier trial has that trial's number, with its own choices. A pruned trial
        that goes on is asked again under its number, with its rungs.
        """

    @abstractmethod
    def tell(self, trial: Trial) -> None:
        """A trial that was asked has ended. Its reward is None when it failed.

        A pruned trial has the metrics and the reward of its last rung, which say less than those of a whole training;
        if it goes on later, it is told again. A number that is not finite says nothing. A proposal that is a network of
        an earlier trial is told with that trial's result. Infeasible ones have the number of the next trial: proposals
        are told apart by their choices.
        """


searcher: Registry[Searcher] = Registry("searcher", "nas.searchers")


def searcher_of(text: str) -> dict[str, Any]:
    """The searcher in a word, such as `evolution:population=16:tournament=4`, as in a spec: its name and parameters.

    SpecError names a parameter that is wrong.
    """
    config = plugin_of(searcher, text)
    searcher[config["name"]].check(**dict(searcher.checked(config, "searcher")))
    return config
