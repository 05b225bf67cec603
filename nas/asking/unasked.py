"""The members of a space that a search has not asked yet: none is worth a second proposal, and it ends without them."""

from array import array
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from random import Random
from typing import Any

import numpy as np

from nas.asking.codes import NOT_ASKED, Codes, choices_of
from nas.decision import Decision, uniform, ways
from nas.space import TRIES, Candidate, Space

FRESH_TRIES = 100
"""Number of candidates that are made in one way before any other member is taken."""

LISTED = 20_000
"""Number of ways through a space up to which its members are listed when FRESH_TRIES draws find none that is left."""

Make = Callable[[], Candidate]
"""Makes a candidate, another one at each call; it may be invalid, or asked already."""


class Unasked:
    """All members of a space but those that were removed. Members are told apart by their choices."""

    def __init__(self, space: Space[Any]) -> None:
        self._space = space
        self._names = [decision.name for decision in space.decisions()]
        self._asked: set[bytes] = set()

    def __contains__(self, candidate: Candidate) -> bool:
        return self._key(candidate) not in self._asked

    def remove(self, candidate: Candidate) -> None:
        """The candidate is asked now."""
        self._asked.add(self._key(candidate))

    def fresh(self, codes: Codes) -> Codes:
        """The different rows of codes [n, decisions] that were not asked, in their order; they may be invalid."""
        rows = {row.tobytes(): None for row in codes}
        left = [row for row in rows if row not in self._asked]
        return np.frombuffer(b"".join(left), np.int16).reshape(len(left), codes.shape[1])

    def draw(self, count: int, rng: Random, make: Callable[[int], Make] | None = None) -> list[Candidate]:
        """Up to count different members that were not asked; fewer if there are no more.

        make(place) gives the way in which the candidate of this place is made. A place whose way finds no such member
        in FRESH_TRIES calls, and every place without make, is drawn uniformly. InfeasibleError if the space seems to
        have no valid member.
        """
        drawn: list[Candidate] = []
        gone = set(self._asked) if count > 1 else self._asked
        for place in range(count):
            found = self._first(make(place), FRESH_TRIES, gone) if make else None
            found = found or self._uniform(rng, gone)
            if found is None:
                break
            drawn.append(found)
            if count > 1:
                gone.add(self._key(found))
        return drawn

    def _first(self, make: Make, tries: int, gone: set[bytes]) -> Candidate | None:
        for _ in range(tries):
            candidate = make()
            if self._key(candidate) not in gone and candidate.architecture.refusal() is None:
                return candidate
        return None

    def _uniform(self, rng: Random, gone: set[bytes]) -> Candidate | None:
        """A uniform draw; None if TRIES find no member that is left, or the list of all has none.

        It does not depend on whether the members are listed already: a search that goes on has not listed them.
        """
        if not gone:
            return self._space.sample(rng)
        listed = self._space.size() <= LISTED
        found = self._first(lambda: self._space.walk(uniform(rng)), FRESH_TRIES if listed else TRIES, gone)
        if found or not listed:
            return found
        left = [key for key in self._members if key not in gone]
        return self._space.decode(choices_of(self._space, np.frombuffer(rng.choice(left), np.int16))) if left else None

    @cached_property
    def _members(self) -> list[bytes]:
        """Every valid member, by all ways through the space."""
        walked = (self._space.walk(partial(_index, answers)) for answers, _ in ways(self._space.tree))
        return [self._key(candidate) for candidate in walked if candidate.architecture.refusal() is None]

    def _key(self, candidate: Candidate) -> bytes:
        return array("h", [candidate.choices.get(name, NOT_ASKED) for name in self._names]).tobytes()


def _index(answers: Mapping[str, Any], decision: Decision) -> int:
    return decision.options.index(answers[decision.name])
