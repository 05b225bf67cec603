"""Claim: a few measured networks suffice to predict a new target, and known targets never make it much worse.

Command: python benchmarks/latency/transfer.py --data DIR --task benchmarks/latency/tasks/help_nb201.yaml
The tables' and the task file's format, machine, versions and results: docs/results/latency_transfer.md
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from latency_db.estimating.sample_choice import choose_samples
from latency_db.estimating.transfer import fit_transfer
from latency_db.robust_statistics import spearman
from transfer_models.composition import Columns, block_columns, predict_composition
from transfer_models.regression import predict_choices

MAX_SOURCE_ROWS = 900
CLOSE, NEAR = 0.05, 0.10
FEW = 200  # more samples need no known targets, and the average over settings would take minutes
Scores = np.ndarray  # runs x (Spearman, within 5 %, within 10 %)


def load(folder: Path, task: dict[str, Any]) -> pd.DataFrame:
    readers = {".parquet": pd.read_parquet, ".csv": pd.read_csv}
    tables = [readers[Path(name).suffix](folder / name) for name in task["tables"]]
    joined = tables[0]
    for table in tables[1:]:
        joined = joined.merge(table, on="idx", suffixes=("", "_again"))
    return joined.sort_values("idx").reset_index(drop=True)


def features(table: pd.DataFrame, task: dict[str, Any]) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Blocks of columns, codes, and multiply-adds (any unit)."""
    codes = table[task["codes"]].to_numpy(np.int64)
    shared = np.unique(codes)
    counts = np.stack([(codes == value).sum(1) for value in shared], axis=1).astype(float)
    slots = np.concatenate([codes == value for value in shared], axis=1).astype(float)
    macs = (
        table[task["macs"]].to_numpy(float)
        if isinstance(task["macs"], str)
        else sum(weight * (codes == value).sum(1) for value, weight in task["macs"].items())
    )
    physical = np.column_stack([macs, *(table[name] for name in task.get("numeric", []))]).astype(float)
    physical = np.log(physical + physical.mean(0) * 0.1)
    return {"macs": physical[:, :1], "physical": physical, "counts": counts, "slots": slots}, codes, macs


def trimmed(ms: np.ndarray, rows: np.ndarray, share: float) -> np.ndarray:
    order = rows[np.argsort(ms[rows], kind="stable")]
    return order[int(len(order) * share) : int(len(order) * (1 - share))]


def milliseconds(table: pd.DataFrame, task: dict[str, Any], name: str) -> np.ndarray:
    ms = table[task.get("prefix", "") + name].to_numpy(float)
    return 1000 / ms if name.startswith("throughput") else ms


def line(macs: np.ndarray, rows: np.ndarray, ms: np.ndarray) -> np.ndarray:
    slope, offset = np.polyfit(macs[rows], ms[rows], 1) if np.ptp(macs[rows]) else (0.0, ms[rows].mean())
    return np.maximum(offset + slope * macs, ms[rows].min() / 2)


def scores(predicted: np.ndarray, truth: np.ndarray) -> Scores:
    error = np.abs(predicted / truth - 1)
    rank = spearman(predicted, truth) if np.ptp(predicted) else 0.0
    return np.array([[rank, np.mean(error <= CLOSE), np.mean(error <= NEAR)]])


def agreement(predicted: np.ndarray, truth: np.ndarray) -> Scores:
    """What the true mean would score against one measurement, from two: both have noise, hence the square roots."""
    error = np.abs(predicted / truth - 1) / np.sqrt(2)
    rank = np.sqrt(max(spearman(predicted, truth), 0))
    return np.array([[rank, np.mean(error <= CLOSE), np.mean(error <= NEAR)]])


def ceiling(table: pd.DataFrame, task: dict[str, Any], name: str, asked: np.ndarray) -> Scores | None:
    """What the exact mean would score: from networks measured twice under two names, or the reported deviations."""
    column = task.get("prefix", "") + name
    ms = milliseconds(table, task, name)
    if column + "_std" in table:
        relative = table[column + "_std"].to_numpy(float)[asked] / table[column].to_numpy(float)[asked]
        noisy = ms[asked] * (1 + np.random.default_rng(0).normal(0, relative))
        return scores(ms[asked], noisy)
    if "twins" not in task:
        return None
    codes, (fixed, level) = table.loc[asked, task["codes"]], task["twins"]["where"]
    swapped = codes.rename(columns={a: b for pair in task["twins"]["swap"] for a, b in (pair, pair[::-1])})
    place = {tuple(row): position for position, row in zip(asked, codes.to_numpy(), strict=True)}
    twins = [place.get(tuple(row), -1) for row in swapped[task["codes"]].to_numpy()]
    pairs = [(a, b) for a, b in zip(asked, twins, strict=True) if a < b and table[fixed][a] == level]
    first, second = np.array(pairs).T
    return agreement(ms[first], ms[second])


def row(name: str, count: object, estimate: str, found: Scores) -> str:
    """With the standard error of the mean, where there are several runs."""
    rank, close, near = found.mean(0)
    doubt = f" ± {found[:, 0].std(ddof=1) / np.sqrt(len(found)):.3f}" if len(found) > 1 else ""
    return f"| {name} | {count} | {estimate} | {rank:.3f}{doubt} | {close:.1%} | {near:.1%} |"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--task", type=Path, required=True)
    given = parser.parse_args()
    task = yaml.safe_load(given.task.read_text())
    table = load(given.data, task)
    prefix, idx = task.get("prefix", ""), table["idx"].to_numpy()
    pool = np.flatnonzero((idx >= task["pool"][0]) & (idx < task["pool"][1]))
    query = np.flatnonzero((idx >= task["query"][0]) & (idx < task["query"][1]))
    described = features(table, task)
    present = [name for name in task.get("sources", []) if prefix + name in table]
    print(f"sources: {present}; absent: {sorted(set(task.get('sources', [])) - set(present))}")
    print(f"targets absent: {[name for name in task['targets'] if prefix + name not in table]}; {len(query)} queries")
    known = np.exp(source_logs(table, task, present, pool, described))
    columns = compositions(table, task)
    print(f"| target | samples | estimate | Spearman | within 5 % | within 10 % |\n|{'---|' * 6}")
    total: dict[tuple[object, str], list[Scores]] = {}
    for name in (name for name in task["targets"] if prefix + name in table):
        ms = milliseconds(table, task, name)
        fine = np.isfinite(ms) & (ms > 0)
        drawn, asked = (trimmed(ms, part[fine[part]], task.get("trim", 0)) for part in (pool, query))
        results: dict[tuple[object, str], Scores] = {}
        for count in task["samples"]:
            rates = rated(task, (*described, columns), known, (ms, drawn, asked), count)
            results |= {(count, estimate): found for estimate, found in rates.items()}
        results |= references(task, table, name, (drawn, asked), described)
        for (count, estimate), found in results.items():
            total.setdefault((count, estimate), []).append(found)
            print(row(name, count, estimate, found), flush=True)
    for (count, estimate), every in total.items():
        print(row(f"**mean of {len(every)}**", count, estimate, np.mean(every, axis=0)))


def quantities(described: tuple[Any, ...]) -> np.ndarray:
    return np.column_stack([described[0]["physical"], described[0]["counts"]])


def references(
    task: dict[str, Any],
    table: pd.DataFrame,
    name: str,
    parts: tuple[np.ndarray, np.ndarray],
    described: tuple[Any, ...],
) -> dict[tuple[object, str], Scores]:
    """The noise ceiling where it is known, and what many measured networks of the target would give."""
    drawn, asked = parts
    ms = milliseconds(table, task, name)
    rows = np.random.default_rng(0).permutation(drawn)[:MAX_SOURCE_ROWS]
    found = np.exp(predict_choices(described[1], quantities(described), rows, np.log(ms[rows])[:, None])[:, 0])
    limit = ceiling(table, task, name, asked)
    if limit is None:
        print(f"| {name} | - | noise ceiling | not known | - | - |")
    measured = {(len(rows), "choices"): scores(found[asked], ms[asked])}
    return measured if limit is None else measured | {("-", "noise ceiling"): limit}


def compositions(table: pd.DataFrame, task: dict[str, Any]) -> Columns | None:
    if "block_size" not in task:
        return None
    size, choices = task["block_size"], table[task["codes"]].to_numpy(float)
    blocks = [range(start, start + size) for start in range(0, choices.shape[1], size)]
    whole = table[[task["macs"], *task.get("numeric", [])]].to_numpy(float)
    return block_columns(choices, blocks, whole)


def source_logs(
    table: pd.DataFrame, task: dict[str, Any], names: list[str], pool: np.ndarray, described: tuple[Any, ...]
) -> np.ndarray:
    """What the known targets say of every network: predicted from the pool alone, also for the pool's own rows."""
    if not names:
        return np.zeros((len(table), 0))
    every = np.stack([milliseconds(table, task, name) for name in names], axis=1)
    rows = pool[np.all(np.isfinite(every[pool]) & (every[pool] > 0), axis=1)][:MAX_SOURCE_ROWS]
    return predict_choices(described[1], quantities(described), rows, np.log(every[rows]))


def rated(
    task: dict[str, Any], described: tuple[Any, ...], known: np.ndarray, target: tuple[np.ndarray, ...], count: int
) -> dict[str, Scores]:
    """Scores of each way to estimate, one run a seed."""
    (blocks, _, macs, columns), (ms, drawn, asked) = described[:4], target
    results: dict[str, list[Scores]] = {}
    for seed in range(task["seeds"]):
        rows = np.random.default_rng(seed).permutation(drawn)[:count]
        found = {"constant": np.full(len(ms), np.median(ms[rows])), "multiply-adds": line(macs, rows, ms)}
        if count <= FEW:
            found |= few_shot(blocks, known, ms, rows, seed)
            if known.shape[1]:
                chosen = np.array(choose_samples(blocks, known, drawn.tolist(), count, seed=seed))
                again = {"multiply-adds": line(macs, chosen, ms)} | few_shot(blocks, known, ms, chosen, seed)
                found |= {f"{label}, chosen samples": predicted for label, predicted in again.items()}
        if count >= 50:  # noqa: PLR2004 (fewer do not show interactions)
            found["choices"] = np.exp(
                predict_choices(described[1], quantities(described), rows, np.log(ms[rows])[:, None])[:, 0]
            )
            if columns is not None:
                found["products of choices"] = predict_composition(columns, rows.tolist(), ms[rows])
        for label, predicted in found.items():
            results.setdefault(label, []).append(scores(predicted[asked], ms[asked]))
    return {label: np.concatenate(every) for label, every in results.items()}


def few_shot(
    blocks: dict[str, np.ndarray], known: np.ndarray, ms: np.ndarray, rows: np.ndarray, seed: int
) -> dict[str, np.ndarray]:
    """Latencies in ms, without and with known targets."""
    tables = {"no transfer": known[:, :0]} | ({"transfer": known} if known.shape[1] else {})
    return {
        label: fit_transfer(blocks, table, rows.tolist(), ms[rows].tolist(), seed=seed).predict(blocks, table)[0]
        for label, table in tables.items()
    }


if __name__ == "__main__":
    main()
