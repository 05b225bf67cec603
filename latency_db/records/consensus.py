"""The consensus of several sessions that measured one model: one latency, its spread, its state, and the rule used.

1. Only samples of the best state count: valid ones, or else suspect, stale, rejected ones. Of these, only those with
   the statistic of the newest: different statistics are never mixed.
2. One session: its value (method `single_session`).
3. Sessions that agree, the slowest within 2 % of the fastest: their median (`median_of_sessions`).
4. Sessions that do not agree: other work on the machine only ever adds time, so the fastest (`best_of_sessions`). The
   next fastest confirms it if it is within 2 %; if not, the value is suspect, with a reason that begins `unstable`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import isnan
from statistics import median

from latency_db.records.record import LatencyRecord, RecordState, Signature

AGREEMENT = 0.02
"""Sessions agree if they differ by at most this share of the smaller latency."""


class Method(StrEnum):
    """Rule by which the consensus follows from the sessions."""

    SINGLE_SESSION = "single_session"
    MEDIAN_OF_SESSIONS = "median_of_sessions"
    BEST_OF_SESSIONS = "best_of_sessions"


@dataclass(frozen=True, slots=True)
class Observation:
    """A model's latency in one session. error_ms: its repeatability within the session, None if unknown."""

    latency_ms: float
    error_ms: float | None
    statistic: str
    state: RecordState
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Consensus:
    """The latency of a model from all its sessions.

    within_ms: median error within the sessions. between_ms: slowest less fastest of sessions that agree, else second
    fastest less fastest. Both are None if unknown. samples: number of all; sessions: number of those that count.
    """

    value_ms: float
    within_ms: float | None
    between_ms: float | None
    sessions: int
    samples: int
    statistic: str
    method: Method
    state: RecordState
    reason: str | None


def consensus(observations: Sequence[Observation]) -> Consensus:
    """The consensus of one model on one target. observations: at least one, in the order in which they were added."""
    state = next(state for state in RecordState if any(seen.state is state for seen in observations))
    usable = [seen for seen in observations if seen.state is state]
    newest = usable[-1]
    usable = [seen for seen in usable if seen.statistic == newest.statistic]
    value_ms, between_ms, method = _value([seen.latency_ms for seen in usable])
    reason = newest.reason
    if state in (RecordState.VALID, RecordState.SUSPECT) and between_ms is not None:
        spread = between_ms / value_ms
        if spread > AGREEMENT:
            state = RecordState.SUSPECT
            reason = f"unstable: the two fastest of {len(usable)} sessions differ by {spread:.1%}"
    errors = [seen.error_ms for seen in usable if seen.error_ms is not None]
    return Consensus(
        value_ms=value_ms,
        within_ms=median(errors) if errors else None,
        between_ms=between_ms,
        sessions=len(usable),
        samples=len(observations),
        statistic=newest.statistic,
        method=method,
        state=state,
        reason=reason,
    )


def agree(records: Sequence[LatencyRecord]) -> bool:
    """Whether the consensus of one model's records is valid, and more than one session agrees on it."""
    found = consensus([_observation(record) for record in records])
    return found.state is RecordState.VALID and found.between_ms is not None


def consensus_records(records: Iterable[LatencyRecord]) -> dict[Signature, LatencyRecord]:
    """One record of each model: the one nearest to the consensus, with the consensus' latency, state and reason.

    records: of one measurement, in its order.
    """
    by_signature: dict[Signature, list[LatencyRecord]] = {}
    for record in records:
        by_signature.setdefault(record.signature, []).append(record)
    return {signature: _consensus_record(own) for signature, own in by_signature.items()}


def _consensus_record(records: Sequence[LatencyRecord]) -> LatencyRecord:
    found = consensus([_observation(record) for record in records])
    nearest = min(records, key=lambda record: abs(record.latency_ms - found.value_ms))
    return replace(nearest, latency_ms=found.value_ms, state=found.state, reason=found.reason)


def _observation(record: LatencyRecord) -> Observation:
    error_ms = None if isnan(record.error_ms) else record.error_ms
    return Observation(record.latency_ms, error_ms, record.statistic, record.state, record.reason)


def _value(latencies_ms: Sequence[float]) -> tuple[float, float | None, Method]:
    """Value, spread between the sessions, and the rule."""
    if len(latencies_ms) == 1:
        return latencies_ms[0], None, Method.SINGLE_SESSION
    fastest, second, *_ = ordered = sorted(latencies_ms)
    between_ms = ordered[-1] - fastest
    if between_ms <= AGREEMENT * fastest:
        return median(ordered), between_ms, Method.MEDIAN_OF_SESSIONS
    return fastest, second - fastest, Method.BEST_OF_SESSIONS
