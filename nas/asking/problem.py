"""What a search is to solve, as its searcher sees it: a space, an objective, and what can be known before training."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from nas.asking.codes import Codes
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


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Zero-cost scores of networks drawn from the space [n, decisions]: columns [n] by name; higher is better, and NaN
    says nothing of the network.
    """

    codes: Codes
    columns: Columns


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


@dataclass(frozen=True, slots=True)
class Problem:
    """Searchers get this and a seed, and learn the rest from trials."""

    space: Space[Any]
    objective: Objective
    known: Known = field(default_factory=NothingKnown)
    earlier: tuple[Earlier, ...] = ()
    scores: Scores = field(default_factory=NoScores)
    scored: Scored | None = None
