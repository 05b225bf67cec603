"""What a search is to solve, as its searcher sees it: a space, an objective, and what can be known before training."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from nas.codes import Codes
from nas.metric import is_of_device, suffixes
from nas.objective import Objective
from nas.space import Candidate, Space
from nas.trial import Columns


class Known(Protocol):
    """The metrics of any candidates without training them: their sizes, and their latency by one state of the tables.

    The answer to a row never changes while a search runs, also where its device is measured further meanwhile; digest
    identifies the state.
    """

    @property
    def digest(self) -> str: ...

    def __call__(self, codes: Codes) -> Columns:
        """The columns that are known, [n] each, for codes [n, decisions]; SpecError for codes that are no candidates.

        All columns are NaN in the rows of candidates that cannot be built or that the device does not run, and those of
        the latency alone where there is none yet. A metric that nothing is known of has no column.
        """
        ...


class NothingKnown:
    """The oracle of a search without any: no column."""

    digest = ""

    def __call__(self, codes: Codes) -> Columns:  # noqa: ARG002 - the protocol
        return {}


@dataclass(frozen=True, slots=True, eq=False)
class Earlier:
    """What earlier searches of this space found: networks [n, decisions], and their metrics [n] by name, some NaN.

    name: of these searches, for people. same: they trained as this search does, on the same images, so that a network
    has these metrics here too and is not trained again. Otherwise the metrics are of another task.
    """

    name: str
    codes: Codes
    metrics: Columns
    same: bool


class Scores(Protocol):
    """The zero-cost scores of candidates: nas.zero_cost. They take a fraction of a second each, on a worker.

    names: of the scores; none where the search takes none. Trials have them among their metrics.
    """

    @property
    def names(self) -> Sequence[str]: ...

    def __call__(self, candidates: Sequence[Candidate]) -> Columns:
        """A column [n] a score; higher is better, NaN where it says nothing of the candidate."""
        ...


class NoScores:
    """The scores of a search that takes none."""

    names = ()

    def __call__(self, candidates: Sequence[Candidate]) -> Columns:  # noqa: ARG002 - the protocol
        return {}


class KnownOnDevices:
    """The oracle of a search for several devices: what each device's oracle knows.

    Columns of the first device, and of the networks alone, have their plain names, those of another end in its suffix.
    A row is NaN where it is of any device.
    """

    def __init__(self, known: Mapping[str, Known]) -> None:
        """known: of each device, one or more, the first device's first."""
        (_, self._first), *others = zip(suffixes(tuple(known)).values(), known.values(), strict=True)
        self._others = dict(others)

    @property
    def digest(self) -> str:
        digests = [self._first.digest, *(known.digest for known in self._others.values())]
        return hashlib.sha256(" ".join(digests).encode()).hexdigest()[: len(digests[0])] if self._others else digests[0]

    def __call__(self, codes: Codes) -> Columns:
        if not self._others:
            return self._first(codes)
        columns, void = {}, np.zeros(len(codes), bool)
        for suffix, known in {"": self._first, **self._others}.items():
            for name, values in known(codes).items():
                if is_of_device(name):
                    columns[f"{name}{suffix}"] = values
                else:
                    columns.setdefault(name, values)
                    void |= np.isnan(values)
        return {name: np.where(void, np.nan, values) for name, values in columns.items()}


@dataclass(frozen=True, slots=True)
class Problem:
    """Searchers get this and a seed, and learn the rest from trials."""

    space: Space[Any]
    objective: Objective
    known: Known = field(default_factory=NothingKnown)
    earlier: tuple[Earlier, ...] = ()
    scores: Scores = field(default_factory=NoScores)
