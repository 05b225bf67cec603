"""Going on with a search: its journal is told to a new searcher, and nothing is asked again.

Only the last ask may have to be repeated, where the process died before all of its proposals were in the journal. As
the generator of an ask depends on the seed and the ask's number alone, its other proposals are those that were lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isclose

from nas.errors import ChangedError, SpecError
from nas.objective import Objective
from nas.search.history import History
from nas.search.lines import PROPOSALS, Line, Proposal
from nas.space import Candidate
from nas.trial import State, Trial

SAME_REWARD = 1e-9
"""Difference up to which two rewards are the same: other processors round otherwise."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What has to be done before another ask: proposals of the last one, and trials that are told in this order."""

    proposals: Sequence[Proposal] = ()
    trials: Sequence[int] = ()


def replay(journal: Sequence[Line], history: History, objective: Objective) -> Unfinished:
    """Have history happen as the journal says.

    ChangedError if the space does not know its choices, or the objective gives other rewards.
    """
    begin = _last_ask(journal)
    for line in journal[:begin]:
        _happen(line, history, objective)
    proposals = _proposals(journal[begin:], history)
    for line in journal[begin:]:
        _happen(line, history, objective)
    return Unfinished(proposals, journal[-1].get("before_asking", ()) if journal else ())


def _last_ask(journal: Sequence[Line]) -> int:
    """Where the lines of the ask begin with which the journal ends; its length if it ends with another line."""
    begin = len(journal)
    if not journal or journal[-1]["event"] not in PROPOSALS or "ask" not in journal[-1]:
        return begin
    last = journal[-1]["ask"]["number"]
    while begin and journal[begin - 1].get("ask", {}).get("number") == last:
        begin -= 1
    return begin


def _proposals(lines: Sequence[Line], history: History) -> list[Proposal]:
    """The proposals of an ask that are not among these lines, which begin with its first.

    None if another version of the searcher now proposes something else: it will be asked anew.
    """
    if not lines or len(lines) == lines[0]["ask"]["count"]:
        return []
    number, count = lines[0]["ask"]["number"], lines[0]["ask"]["count"]
    history.searcher.asks = number
    again = history.searcher.ask(count)
    if [dict(candidate.choices) for candidate in again[: len(lines)]] != [line["choices"] for line in lines]:
        return []
    left = range(len(lines), len(again))
    return [Proposal(again[place], number, count, place) for place in left]


def _happen(line: Line, history: History, objective: Objective) -> None:
    number = line["trial"]
    match line["event"]:
        case "told":
            history.tell(_ended(line, history.trials[number], objective))
        case "rung":
            history.pass_rung(_at_rung(line, history.trials[number]))
        case "promoted":
            history.promote(number)
        case _:
            _propose(line, number, history)


def _propose(line: Line, number: int, history: History) -> None:
    candidate = _candidate(line, history)
    # Journals written before count proposals of a known network, and have an ask for each proposal.
    asks = history.searcher.asks + line.get("repeats", 0)
    history.searcher.asks = 1 + (line["ask"]["number"] if "ask" in line else asks)
    match line["event"]:
        case "asked":
            network_id = line.get("network_id") or candidate.architecture.network_id
            history.ask(Trial(number, candidate, metrics=line["metrics"]), network_id)
        case "refused":
            history.refuse(Trial(number, candidate, State.INFEASIBLE, line["metrics"], line["reward"]))
        case "repeated":
            history.repeat(number, candidate)


def _candidate(line: Line, history: History) -> Candidate:
    """The candidate of a proposal. ChangedError if its choices are not those of a way through the space."""
    space = history.searcher.space
    try:
        candidate = space.decode(line["choices"])
    except SpecError as error:
        reason = f": {error}"
    else:
        if dict(candidate.choices) == line["choices"]:
            return candidate
        reason = ""
    raise ChangedError(
        "SEARCHER_CHANGED",
        f"the space {space.name!r} does not know the choices of the journal's trial {line['trial']}{reason}; another "
        "version or spec wrote it",
    )


def _at_rung(line: Line, trial: Trial) -> Trial:
    """The trial with what it had come to at the line's rung."""
    rungs = {**trial.rungs, line["rung"]: line["metrics"]}
    return replace(trial, metrics=line["metrics"], reward=line["reward"], rungs=rungs)


def _ended(line: Line, trial: Trial, objective: Objective) -> Trial:
    """The trial with its result. ChangedError unless the objective gives it the reward that it got."""
    ended = replace(
        _at_rung(line, trial) if "rung" in line else trial,
        state=State(line["state"]),
        metrics=line["metrics"],
        reward=line["reward"],
        reason=line["reason"],
        reused=line.get("reused", False),
    )
    if ended.state in {State.SUCCEEDED, State.PRUNED} and ended.reward is not None:
        now = objective.reward(ended.metrics)
        if not isclose(now, ended.reward, rel_tol=SAME_REWARD, abs_tol=SAME_REWARD):
            was = f"{ended.reward:.6g} in the journal, which another version or spec wrote"
            raise ChangedError(
                "OBJECTIVE_CHANGED",
                f"the objective {objective.name} gives trial {ended.number} the reward {now:.6g}; it is {was}",
            )
    return ended
