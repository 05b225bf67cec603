"""Candidates as rows of whole numbers, for what looks at thousands of them at once."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from nas.space import SearchSpace

Codes = NDArray[np.int16]
"""[n, decisions]: the index of the option taken, in the order of space.decisions(); NOT_ASKED where there is none."""

NOT_ASKED = -1
"""The code of a decision that the way through the space does not come to."""


def encode(space: SearchSpace, choices: Iterable[Mapping[str, int]]) -> Codes:
    """The rows of these choices, as Candidate.choices has them."""
    names = [decision.name for decision in space.decisions()]
    rows = [[each.get(name, NOT_ASKED) for name in names] for each in choices]
    return np.array(rows, dtype=np.int16).reshape(len(rows), len(names))


def choices_of(space: SearchSpace, row: NDArray[np.int16]) -> dict[str, int]:
    """The choices of one row, for SearchSpace.decode."""
    named = zip(space.decisions(), row.tolist(), strict=True)
    return {decision.name: index for decision, index in named if index != NOT_ASKED}
