"""Text for the terminal: a device, its measurements, and the table of a space."""

from collections.abc import Iterator, Mapping
from typing import Any

from latency_db.profiling.build import TableReport

STATES = ("valid", "suspect", "stale", "rejected")
NESTED = ("fingerprint", "latest_sessions", "targets", "table", "former_names", "track_record")


def lines(row: Mapping[str, Any]) -> Iterator[str]:
    """Lines that describe a device. row: of latency_db.validating.device_rows.device_row."""
    for fact, value in {**row, **row["fingerprint"]}.items():
        if fact not in NESTED:
            yield f"{fact:18} {'none' if value is None else value}"
    if row["former_names"]:
        yield f"{'former names':18} {', '.join(row['former_names'])}"
    if "table" in row:
        table = row["table"]
        yield (
            f"table of {table['space']}: {table['measured']} of {table['kernels']} kernels are measured, "
            f"{table['coverage']:.1%} of those of a random network"
        )
    yield from _track_record(row["track_record"])
    yield from map(_target, row["targets"])
    yield from map(_session, row["latest_sessions"])


def measured(target: Mapping[str, Any]) -> str:
    """Number of records by state, their statistics and their source."""
    counts = ", ".join(f"{target[state]} {state}" for state in STATES if target.get(state))
    return f"{counts}; {', '.join(target['statistics'])}, {target['source']}" if counts else "nothing"


def calibrated(name: str, steady: int, wanted: int) -> str:
    """How many whole networks calibrate device `name`, and why they may be fewer than `wanted`."""
    count = f"{steady} whole networks are measured"
    if steady >= wanted:
        return count
    return f"{count}; others are suspect or refused (`nas device show {name}` says why): call again on a quiet machine"


def uncertainty(table: TableReport) -> str:
    """Errors of interpolated kernels, and the uncertainty of estimates by them; empty if both are unknown."""
    parts = []
    if held := table.held_out:
        parts.append(
            f"{held.kernels} kernels predicted before they were measured: errors of {held.median:.1%} (median), "
            f"{held.p90:.1%} (p90), {held.network:.1%} for their sum in a network"
        )
    if table.expected_error:
        parts.append(f"missing kernels make the estimate of a random network uncertain by {table.expected_error:.1%}")
    return "; ".join(parts)


def brief_uncertainty(table: TableReport) -> str:
    """The same in a few words, for the progress bar."""
    kernels = f"kernel error {table.held_out.median:.1%}" if table.held_out else ""
    networks = f"network uncertainty {table.expected_error:.1%}" if table.expected_error else ""
    return ", ".join(filter(None, (kernels, networks)))


def _track_record(found: Mapping[str, Any]) -> Iterator[str]:
    if found["measured"]:
        yield (
            f"track record: {found['measured']} of {found['foretold']} networks with a prediction were measured later; "
            f"mean error {found['mean_error']:.1%}, {found['within_10']:.0%} within 10 %, "
            f"{found['coverage']:.0%} in their interval"
        )


def _target(target: Mapping[str, Any]) -> str:
    how = f"{target['runtime']} {target['runtime_version']} {target['precision']}, {target['threads']} threads"
    shape = f"batch {target['batch']}, {target['layout']}"
    states = ", ".join(f"{target[state]} {state}" for state in STATES)
    licences = f" ({', '.join(target['licences'])})" if target["licences"] else ""
    because = f": {target['stale_because']}" if target["stale_because"] else ""
    return f"target {how}, {shape}, {target['source']}{licences}: {states}{because}"


def _session(session: Mapping[str, Any]) -> str:
    verdict = session["state"] + (f" ({session['reason']})" if session["reason"] else "")
    numbers = [
        f"{name} {session[field]:{form}}"
        for name, field, form in (
            ("empty run, ms", "empty_ms", ".4f"),
            ("reference, ms", "reference_ms", ".4f"),
            ("drift", "reference_drift", ".1%"),
        )
        if session[field] is not None
    ]
    return f"session {session['started_at']}: {', '.join((verdict, *numbers))}"
