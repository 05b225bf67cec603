"""Which latency records can be true: times from a tick of the clock to an hour, and statistics that agree."""

import math
from collections.abc import Iterator
from itertools import pairwise

from latency_db.records.record import LatencyRecord, MeasurementSession, Statistic, Statistics

SHORTEST_MS = 1e-6
"""A nanosecond, one tick of the finest clock."""

LONGEST_MS = 3.6e6
"""An hour."""

MOST_TIMINGS = 2**31 - 1
_TOLERANCE = 1e-6
"""Relative, for what is computed from the timings in floating point."""

_ORDERED = ("min_ms", "p10_ms", "p25_ms", "median_ms", "p90_ms", "p99_ms")
_FROM_BEST_ROUND = (Statistic.CPU_P10_BEST, Statistic.WALL_P10_BEST)


def time_fault(latency_ms: float) -> str | None:
    """Why no run of a model takes this time in ms; None if one may."""
    if SHORTEST_MS <= latency_ms <= LONGEST_MS:
        return None
    return f"{latency_ms:g} ms is not between {SHORTEST_MS:g} ms, a tick of the clock, and {LONGEST_MS:g} ms, an hour"


def session_faults(session: MeasurementSession) -> Iterator[str]:
    """What cannot be true of a session, as `field: reason`."""
    for name in ("empty_ms", "reference_ms"):
        value = getattr(session, name)
        if value is not None and (fault := time_fault(value)):
            yield f"{name}: {fault}"
    if session.reference_drift is not None and session.reference_drift < 0:
        yield "reference_drift: it is negative, but it is the slowest round over the fastest, minus 1"


def record_faults(record: LatencyRecord) -> Iterator[str]:
    """What cannot be true of a record that nas measured, as `field: reason`."""
    times = {"latency_ms": record.latency_ms}
    times |= {f"rounds_ms.{place}": value for place, value in enumerate(record.rounds_ms)}
    times |= {f"wall.{name}": value for name in _ORDERED if (value := getattr(record.wall, name)) is not None}
    found = [f"{name}: {fault}" for name, value in times.items() if (fault := time_fault(value))]
    found += [f"{clock}.{fault}" for clock in ("wall", "cpu") for fault in _summary_faults(getattr(record, clock))]
    yield from found
    if not found:
        yield from _disagreements(record)


def _disagreements(record: LatencyRecord) -> Iterator[str]:
    """Where a record's parts, each possible by itself, contradict each other."""
    wall, cpu, rounds = record.wall, record.cpu, record.rounds_ms
    if wall.n is not None and cpu.n is not None and wall.n != cpu.n:
        yield f"cpu.n: {cpu.n} timings, but wall.n is {wall.n}; each run is timed by both clocks"
    if wall.n is not None and wall.n < len(rounds):
        yield f"wall.n: {wall.n} timings in {len(rounds)} rounds"
    if record.statistic not in _FROM_BEST_ROUND:
        return
    if rounds and not math.isclose(record.latency_ms, min(rounds), rel_tol=_TOLERANCE):
        yield f"latency_ms: {record.latency_ms:g}, but the best of rounds_ms is {min(rounds):g}"
    clock = "cpu" if record.statistic is Statistic.CPU_P10_BEST else "wall"
    summary: Statistics = getattr(record, clock)
    for name, sign in (("min_ms", 1), ("median_ms", -1)):
        limit = getattr(summary, name)
        if limit is not None and sign * (limit - record.latency_ms) > _TOLERANCE * record.latency_ms:
            side = "below" if sign > 0 else "above"
            yield f"latency_ms: {record.latency_ms:g} is {side} {clock}.{name}, {limit:g}"


def _summary_faults(summary: Statistics) -> Iterator[str]:
    """What cannot be true of a summary of timings, as `field: reason`. A thread may use no CPU time."""
    names = (*_ORDERED, "trimmed_mean_ms", "mean_ms", "std_ms")
    known = {name: value for name in names if (value := getattr(summary, name)) is not None}
    outside = [name for name, value in known.items() if not 0 <= value <= LONGEST_MS]
    yield from (f"{name}: {known[name]:g} ms is not from 0 to an hour" for name in outside)
    if summary.n is not None and not 1 <= summary.n <= MOST_TIMINGS:
        yield f"n: {summary.n} is not a number of timings from 1 to {MOST_TIMINGS}"
    elif not outside:
        yield from _order_faults(known)
        yield from _spread_faults(known, summary.n)


def _order_faults(known: dict[str, float]) -> Iterator[str]:
    ordered = [name for name in _ORDERED if name in known]
    means = [("min_ms", name) for name in ("trimmed_mean_ms", "mean_ms") if "min_ms" in known and name in known]
    for lower, upper in (*pairwise(ordered), *means):
        if known[lower] > known[upper] * (1 + _TOLERANCE):
            yield f"{lower}: {known[lower]:g} is above {upper}, {known[upper]:g}"


def _spread_faults(known: dict[str, float], n: int | None) -> Iterator[str]:
    """No timing is further from the mean than std * sqrt(n - 1), and the median no further than std (Samuelson 1968).

    As no timing is below min, std is at most (mean - min) * sqrt(n - 1) (Bhatia and Davis 2000).
    """
    if n is None or "mean_ms" not in known or "std_ms" not in known:
        return
    mean, std, slack = known["mean_ms"], known["std_ms"], _TOLERANCE * known["mean_ms"]
    farthest = math.sqrt(n - 1)
    for name in (*_ORDERED, "trimmed_mean_ms"):
        most = std if name == "median_ms" else std * farthest
        if name in known and abs(known[name] - mean) > most + slack:
            yield f"{name}: {known[name]:g} is too far from mean_ms, {mean:g}, for std_ms {std:g} of {n} timings"
    if "min_ms" in known and std > (mean - known["min_ms"]) * farthest + slack * farthest:
        yield f"std_ms: {std:g} is too large for min_ms {known['min_ms']:g} and mean_ms {mean:g} of {n} timings"
