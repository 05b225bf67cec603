"""The lines of a search's journal: proposals and ends of trials, in the order in which its searcher hears of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from nas.space import Candidate
from nas.trial import State, Trial

Line = Mapping[str, Any]
"""{"event": "asked" | "refused" | "repeated" | "told" | "rung" | "promoted", ...} in JSON values.

The first three are of a proposal each; the last two are written in searches with a pruner.
"""

PROPOSALS = ("asked", "refused", "repeated")


class Journal(Protocol):
    """Keeps the lines of a search. add returns when the line is stored safely.

    The last lines on proposals that were refused or repeated may be lost when the process dies: they are made again.
    """

    def events(self) -> Iterable[Line]: ...

    def add(self, event: Line) -> None: ...


@dataclass(frozen=True, slots=True)
class Proposal:
    """A candidate, the number of the ask it comes from, how many that asked for, and its place among them."""

    candidate: Candidate
    ask: int
    count: int
    place: int


def asked(trial: Trial, proposal: Proposal) -> Line:
    """The proposal is a new trial."""
    architecture = trial.candidate.architecture
    known = {"metrics": dict(trial.metrics), "network_id": architecture.network_id, **architecture.describe()}
    return _proposed("asked", trial.number, proposal) | {"reward": None} | known


def refused(trial: Trial, proposal: Proposal) -> Line:
    """The proposal is infeasible; it has the number of the next trial."""
    return _proposed("refused", trial.number, proposal) | {"reward": trial.reward, "metrics": dict(trial.metrics)}


def repeated(number: int, proposal: Proposal) -> Line:
    """The proposal is the network of the trial of this number."""
    return _proposed("repeated", number, proposal)


def told(trial: Trial, before_asking: Sequence[int]) -> Line:
    """The trial has ended; before_asking: numbers of trials that are told, in this order, before another ask."""
    line = {"event": "told", "trial": trial.number, "metrics": dict(trial.metrics), "state": trial.state.value}
    line |= {"reward": trial.reward, "reason": trial.reason, "reused": trial.reused}
    line |= {"rung": trial.rung} if trial.state is State.PRUNED else {}
    return line | ({"before_asking": [*before_asking]} if before_asking else {})


def rung(trial: Trial, before_asking: Sequence[int]) -> Line:
    """The trial has come to a rung, and goes on. before_asking: as in told."""
    line = {"event": "rung", "trial": trial.number, "rung": trial.rung, "metrics": dict(trial.metrics)}
    return line | {"reward": trial.reward} | ({"before_asking": [*before_asking]} if before_asking else {})


def promoted(trial: Trial) -> Line:
    """The trial, which was pruned at its last rung, goes on."""
    return {"event": "promoted", "trial": trial.number, "rung": trial.rung}


def _proposed(event: str, number: int, proposal: Proposal) -> dict[str, Any]:
    ask = {"number": proposal.ask, "count": proposal.count, "place": proposal.place}
    return {"event": event, "trial": number, "choices": dict(proposal.candidate.choices), "ask": ask}
