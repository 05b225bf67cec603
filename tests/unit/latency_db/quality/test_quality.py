"""The checks find each kind of fault in an invented table, and none in the table without faults."""

from dataclasses import replace

import numpy as np
import pytest

from latency_db.exchange.table import LatencyTable, Provenance, RowKind, TableRow
from latency_db.quality.check import Severity, check, inspect
from latency_db.records.record import RecordState

BAD = (RecordState.SUSPECT, RecordState.REJECTED)


def invented(count=80, devices=("a", "b", "c"), *, measured=True):
    """Networks of four slots with three choices each, on devices that differ by level, by choice and by noise."""
    rng = np.random.default_rng(1)
    costs = {device: rng.uniform(0.2, 1, (4, 3)) * level for level, device in enumerate(devices, 2)}
    rows = []
    for number in range(count):
        answers = rng.integers(0, 3, 4)
        features = {f"slot{slot}": str(answer) for slot, answer in enumerate(answers)}
        for device in devices:
            noise = np.exp(0.02 * rng.standard_normal()) if measured else 1
            latency = float(costs[device][range(4), answers].sum() * noise)
            rows.append(TableRow(f"n{number}", RowKind.NETWORK, device, latency, latency / 50, 40, features))
    return LatencyTable(tuple(rows), Provenance("invented", "none", "mean", "ms"))


def changed(table, numbers, **values):
    rows = list(table.rows)
    for number in numbers:
        new = {name: value(rows[number]) if callable(value) else value for name, value in values.items()}
        rows[number] = replace(rows[number], **new)
    return replace(table, rows=tuple(rows))


def of(table, device):
    return [number for number, row in enumerate(table.rows) if row.device == device]


def times(factor):
    return lambda row: row.latency_ms * factor


FAULTS = {
    "positive": lambda table: (changed(table, [0, 30], latency_ms=-1.0), [0, 30]),
    "statistics": lambda table: (changed(table, [0, 30], std_ms=0.0), [0, 30]),
    "units": lambda table: (changed(table, [0, 30, 60], latency_ms=times(1000)), [0, 30, 60]),
    "outliers": lambda table: (changed(table, [0, 30], latency_ms=times(4)), [0, 30]),
    "resolution": lambda table: (
        changed(table, of(table, "a"), latency_ms=lambda row: float(round(row.latency_ms))),
        of(table, "a"),
    ),
    "constant": lambda table: (changed(table, of(table, "a"), latency_ms=3.21), of(table, "a")),
    "copied_devices": lambda table: (
        changed(table, of(table, "b"), latency_ms=lambda row: 1.5 * value(table, row.key, "a")),
        of(table, "b"),
    ),
    "copied_rows": lambda table: (
        changed(table, of(table, "c")[:6], latency_ms=lambda row: value(table, row.key, "a")),
        of(table, "c")[:6],
    ),
    "duplicates": lambda table: (
        replace(table, rows=(*table.rows, replace(table.rows[0], latency_ms=table.rows[0].latency_ms * 1.4))),
        [0, len(table.rows)],
    ),
}


def value(table, key, device):
    return next(row.latency_ms for row in table.rows if (row.key, row.device) == (key, device))


def test_a_sound_table_is_valid_in_every_row():
    verdict = inspect(invented())
    assert verdict.count(RecordState.VALID) == len(verdict.table.rows)
    assert verdict.severity is None


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_where_it_is_and_every_row_kept(name):
    table, wrong = FAULTS[name](invented())
    verdict = inspect(table)
    found = {number for finding in verdict.findings if finding.check == name for number in finding.rows}
    assert found >= set(wrong)
    assert len(verdict.table.rows) == len(table.rows)
    for number in wrong:
        assert verdict.table.rows[number].state in BAD
        assert name in verdict.table.rows[number].reason
    assert [row.latency_ms for row in verdict.table.rows] == [row.latency_ms for row in table.rows]


@pytest.mark.parametrize("name", ["positive", "statistics", "units", "outliers", "duplicates"])
def test_rows_beside_the_fault_stay_valid(name):
    table, wrong = FAULTS[name](invented())
    beside = [row for number, row in enumerate(inspect(table).table.rows) if number not in wrong]
    assert {row.state for row in beside} == {RecordState.VALID}


def test_networks_that_are_sums_are_suspect_and_blocks_are_not():
    table = invented(200, measured=False)
    assert any(finding.check == "sums" for finding in inspect(table).findings)
    blocks = changed(table, range(len(table.rows)), kind=RowKind.BLOCK)
    assert not any(finding.check == "sums" for finding in inspect(blocks).findings)


def test_a_whole_device_in_microseconds_is_found_among_others():
    table = invented()
    wrong = changed(table, of(table, "b"), latency_ms=times(1000))
    findings = [finding for finding in inspect(wrong).findings if finding.check == "units"]
    assert [finding.devices for finding in findings] == [("b",)]
    assert findings[0].severity is Severity.FAULT


def test_microsecond_resolution_is_fine_and_whole_ms_is_fine_for_seconds():
    table = changed(invented(), range(240), latency_ms=lambda row: round(row.latency_ms, 3))
    assert inspect(table).count(RecordState.VALID) == 240
    slow = changed(invented(), range(240), latency_ms=lambda row: float(round(row.latency_ms * 1000)))
    assert inspect(slow).count(RecordState.VALID) == 240


def test_repeated_rows_that_agree_are_a_note():
    table = invented()
    verdict = inspect(replace(table, rows=(*table.rows, table.rows[0])))
    assert verdict.severity is Severity.NOTE
    assert verdict.count(RecordState.VALID) == 241


def test_a_state_is_only_made_worse():
    table = changed(invented(), [0, 1], state=RecordState.REJECTED, reason="measured at night")
    row = inspect(changed(table, [0], std_ms=0.0)).table.rows[0]
    assert row.state is RecordState.REJECTED
    assert row.reason == "measured at night; statistics"


def test_a_deviation_is_compared_with_the_mean_of_its_own_times():
    """Wall times may be many times a thread's CPU time if other processes used the cores."""
    wide = changed(invented(), [5], std_ms=times(20))
    busy = changed(wide, [5], statistics=lambda row: {"wall_mean_ms": 5 * row.latency_ms})

    assert "statistics" in inspect(wide).table.rows[5].reason
    assert not inspect(busy).table.rows[5].reason


def test_percentiles_out_of_order_are_named():
    table = changed(invented(), [5], statistics={"wall_median_ms": 2.0, "wall_p90_ms": 1.0})
    assert "wall_median_ms above wall_p90_ms" in inspect(table).table.rows[5].reason


@pytest.mark.parametrize("name", list(check))
def test_every_check_accepts_an_empty_table(name):
    verdict = inspect(LatencyTable((), Provenance("invented", "none", "mean", "ms")))
    assert verdict.findings == ()
    assert check[name].stage in {0, 1, 2}
