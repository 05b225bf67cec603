"""Faults to plant into a device's rows of a latency table, each saying which rows it made wrong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from latency_db.exchange.table import LatencyTable, RowKind, TableRow

Plant = Callable[[LatencyTable, str, np.random.Generator], tuple[LatencyTable, set[int]]]

MIN_ROWS = 30
BLOCK = 0.2
SHARE = 0.02


@dataclass(frozen=True)
class Planted:
    kind: str
    strength: str
    plant: Plant


def changed(table: LatencyTable, rows: Sequence[int], change: Callable[[TableRow], TableRow]) -> LatencyTable:
    new = list(table.rows)
    for number in rows:
        new[number] = change(new[number])
    return replace(table, rows=tuple(new))


def of_device(table: LatencyTable, device: str) -> list[int]:
    return [number for number, row in enumerate(table.rows) if row.device == device]


def some(rows: Sequence[int], share: float, rng: np.random.Generator) -> list[int]:
    count = min(len(rows), max(1, round(share * len(rows))))
    return [int(number) for number in rng.choice(rows, count, replace=False)]


def scaled(factor: float, share: float, *, block: bool = False) -> Plant:
    """Multiplies a share of the rows, single ones or a block in the order of the file."""

    def plant(table: LatencyTable, device: str, rng: np.random.Generator) -> tuple[LatencyTable, set[int]]:
        rows = of_device(table, device)
        start = int(rng.integers(0, max(1, len(rows) - round(share * len(rows)) + 1)))
        chosen = rows[start : start + round(share * len(rows))] if block else some(rows, share, rng)
        return changed(table, chosen, lambda row: replace(row, latency_ms=row.latency_ms * factor)), set(chosen)

    return plant


def replaced(value: float) -> Plant:
    def plant(table: LatencyTable, device: str, rng: np.random.Generator) -> tuple[LatencyTable, set[int]]:
        chosen = some(of_device(table, device), SHARE, rng)
        return changed(table, chosen, lambda row: replace(row, latency_ms=value)), set(chosen)

    return plant


def rounded(share_of_median: float) -> Plant:
    """Rounds to the power of ten next below a share of the median."""

    def plant(table: LatencyTable, device: str, _: np.random.Generator) -> tuple[LatencyTable, set[int]]:
        rows = of_device(table, device)
        median = float(np.median([table.rows[number].latency_ms for number in rows]))
        step = 10.0 ** np.floor(np.log10(median * share_of_median))
        return changed(
            table, rows, lambda row: replace(row, latency_ms=max(round(row.latency_ms / step), 1) * step)
        ), set(rows)

    return plant


def another_device(factor: float, noise: float) -> Plant:
    def plant(table: LatencyTable, device: str, rng: np.random.Generator) -> tuple[LatencyTable, set[int]]:
        rows = of_device(table, device)
        copies = tuple(
            replace(
                table.rows[number],
                device="copy",
                latency_ms=table.rows[number].latency_ms * factor * float(np.exp(noise * rng.standard_normal())),
            )
            for number in rows
        )
        return replace(table, rows=table.rows + copies), set(range(len(table.rows), len(table.rows) + len(copies)))

    return plant


def other_rows(share: float) -> Plant:
    """Takes a share of the rows over from the device with most networks in common."""

    def plant(table: LatencyTable, device: str, rng: np.random.Generator) -> tuple[LatencyTable, set[int]]:
        own = {table.rows[number].key: number for number in of_device(table, device)}
        shared = {name: [row for row in table.rows if row.device == name and row.key in own] for name in table.devices}
        del shared[device]
        givers = max(shared.values(), key=len, default=[])
        if len(givers) < MIN_ROWS:
            return table, set()
        picked = {own[givers[number].key]: givers[number] for number in some(range(len(givers)), share, rng)}
        new = list(table.rows)
        for number, giver in picked.items():
            new[number] = replace(new[number], latency_ms=giver.latency_ms)
        return replace(table, rows=tuple(new)), set(picked)

    return plant


def summed(noise: float) -> Plant:
    """Replaces whole networks by a sum over the answers of their categories, drawn at random."""

    def plant(table: LatencyTable, device: str, rng: np.random.Generator) -> tuple[LatencyTable, set[int]]:
        rows = of_device(table, device)
        parts: dict[tuple[str, str], float] = {}
        if any(table.rows[n].kind is not RowKind.NETWORK or not table.rows[n].features for n in rows):
            return table, set()

        def change(row: TableRow) -> TableRow:
            given = [(name, value) for name, value in row.features.items() if isinstance(value, str)]
            total = sum(parts.setdefault(part, float(rng.uniform(0.05, 1))) for part in given)
            return replace(row, latency_ms=total * float(np.exp(noise * rng.standard_normal())))

        answers = {part for n in rows for part in table.rows[n].features.items() if isinstance(part[1], str)}
        return (changed(table, rows, change), set(rows)) if 2 * len(answers) < len(rows) else (table, set())

    return plant


def twice(factor: float) -> Plant:
    def plant(table: LatencyTable, device: str, rng: np.random.Generator) -> tuple[LatencyTable, set[int]]:
        chosen = some(of_device(table, device), SHARE, rng)
        again = tuple(replace(table.rows[n], latency_ms=table.rows[n].latency_ms * factor) for n in chosen)
        new = range(len(table.rows), len(table.rows) + len(again))
        return replace(table, rows=table.rows + again), {*chosen, *new}

    return plant


def statistic(std_share: float, n: int) -> Plant:
    def plant(table: LatencyTable, device: str, rng: np.random.Generator) -> tuple[LatencyTable, set[int]]:
        chosen = some(of_device(table, device), SHARE, rng)
        return changed(table, chosen, lambda row: replace(row, std_ms=row.latency_ms * std_share, n=n)), set(chosen)

    return plant


def percentiles(table: LatencyTable, device: str, rng: np.random.Generator) -> tuple[LatencyTable, set[int]]:
    chosen = some(of_device(table, device), SHARE, rng)
    wrong = {"median_ms": 2.0, "p90_ms": 1.0}
    return changed(table, chosen, lambda row: replace(row, statistics=wrong)), set(chosen)


def constant(table: LatencyTable, device: str, _: np.random.Generator) -> tuple[LatencyTable, set[int]]:
    rows = of_device(table, device)
    return changed(table, rows, lambda row: replace(row, latency_ms=table.rows[rows[0]].latency_ms)), set(rows)


FAULTS = (
    Planted("not positive", "-1", replaced(-1.0)),
    Planted("not positive", "0", replaced(0.0)),
    Planted("unit", "us, 2 % of rows", scaled(1000, SHARE)),
    Planted("unit", "us, block of 20 %", scaled(1000, BLOCK, block=True)),
    Planted("unit", "us, whole device", scaled(1000, 1)),
    Planted("unit", "s, 2 % of rows", scaled(0.001, SHARE)),
    Planted("rounding", "10 % of median", rounded(0.999)),
    Planted("rounding", "1-10 % of median", rounded(0.2)),
    Planted("outlier", "3 times", scaled(3, SHARE)),
    Planted("outlier", "4 times", scaled(4, SHARE)),
    Planted("outlier", "5 times", scaled(5, SHARE)),
    Planted("outlier", "a quarter", scaled(0.25, SHARE)),
    Planted("copied device", "equal", another_device(1, 0)),
    Planted("copied device", "times 1.3", another_device(1.3, 0)),
    Planted("copied device", "times 1.3, 0.1 % noise", another_device(1.3, 0.001)),
    Planted("copied rows", "2 %", other_rows(SHARE)),
    Planted("copied rows", "20 %", other_rows(BLOCK)),
    Planted("sums", "exact", summed(0)),
    Planted("sums", "0.01 % noise", summed(1e-4)),
    Planted("duplicates", "times 1.3", twice(1.3)),
    Planted("duplicates", "times 3", twice(3)),
    Planted("statistics", "no deviation", statistic(0, 50)),
    Planted("statistics", "no runs", statistic(0.1, 0)),
    Planted("statistics", "p90 below median", percentiles),
    Planted("constant", "whole device", constant),
)
