"""Candidates as rows of whole numbers, for what looks at thousands of them at once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from nas.decision import Decision
from nas.space import Space

Codes = NDArray[np.int16]
"""[n, decisions]: the index of the option taken, in the order of space.decisions(); NOT_ASKED where there is none."""

NOT_ASKED = -1
"""The code of a decision that the way through the space does not come to."""

MAX_CHANGES = 3
"""mutated_codes answers one decision to so many of a row anew, if it is not told otherwise."""


def encode(space: Space[Any], choices: Iterable[Mapping[str, int]]) -> Codes:
    """The rows of these choices, as Candidate.choices has them."""
    names = [decision.name for decision in space.decisions()]
    rows = [[each.get(name, NOT_ASKED) for name in names] for each in choices]
    return np.array(rows, dtype=np.int16).reshape(len(rows), len(names))


def choices_of(space: Space[Any], row: NDArray[np.int16]) -> dict[str, int]:
    """The choices of one row, for Space.decode."""
    named = zip(space.decisions(), row.tolist(), strict=True)
    return {decision.name: index for decision, index in named if index != NOT_ASKED}


def random_codes(space: Space[Any], count: int, rng: Generator) -> Codes:
    """Rows [count, decisions] with each decision answered uniformly, as Space.walk with nas.decision.uniform.

    Some may be invalid, which an oracle shows by NaN, and some equal.
    """
    blank = np.full((count, len(space.decisions())), NOT_ASKED, np.int16)
    return completed_codes(space, blank, rng)


def mutated_codes(space: Space[Any], codes: Codes, rng: Generator, most: int = MAX_CHANGES) -> Codes:
    """Each row with one to `most` of its decisions answered otherwise, as random_codes.

    What a new answer opens is answered uniformly. codes: [n, decisions]; the result has the same shape.
    """
    asked = codes != NOT_ASKED
    if not asked.any():
        return codes.copy()
    order = np.argsort(np.where(asked, rng.random(codes.shape), np.inf), axis=1)
    changes = rng.integers(1, most, size=(len(codes), 1), endpoint=True)
    changed = np.zeros_like(asked)
    np.put_along_axis(changed, order, np.arange(codes.shape[1]) < changes, axis=1)
    options = np.array([len(decision.options) for decision in space.decisions()])
    other = (codes + rng.integers(1, options, size=codes.shape)) % options
    return completed_codes(space, np.where(changed & asked, other, codes).astype(np.int16), rng)


def completed_codes(space: Space[Any], codes: Codes, rng: Generator) -> Codes:
    """Rows that are ways through the space: what the answers of codes come to and leave open is answered uniformly, and
    what they do not come to is NOT_ASKED.
    """
    found = np.full_like(codes, NOT_ASKED)
    columns = {decision.name: column for column, decision in enumerate(space.decisions())}

    def complete(decisions: Sequence[Decision], rows: NDArray[np.intp]) -> None:
        for decision in decisions:
            index = np.zeros(len(rows), np.int16)
            if decision.is_asked:
                column = columns[decision.name]
                index = codes[rows, column]
                blank = index == NOT_ASKED
                index[blank] = rng.integers(len(decision.options), size=np.count_nonzero(blank))
                found[rows, column] = index
            for number, option in enumerate(decision.options if decision.opens else ()):
                complete(decision.opened_by(option), rows[index == number])

    complete(space.tree, np.arange(len(codes)))
    return found
