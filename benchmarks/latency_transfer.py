"""Claim: a few measured networks suffice to predict a new target, and known targets never make it much worse.

Command: python benchmarks/latency_transfer.py --data DIR --task benchmarks/tasks/help_nb201.yaml
The tables' and the task file's format, machine, versions and results: docs/results/latency_transfer.md
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from latency_db.regression import predict_choices
from latency_db.transfer import fit_transfer

MAX_SOURCE_ROWS = 900
CLOSE, NEAR = 0.05, 0.10


def ranks(values: np.ndarray) -> np.ndarray:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse]


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(ranks(a), ranks(b))[0, 1]) if np.ptp(a) else 0.0


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
    return {"physical": np.log(physical + physical.mean(0) * 0.1), "counts": counts, "slots": slots}, codes, macs


def trimmed(ms: np.ndarray, rows: np.ndarray, share: float) -> np.ndarray:
    order = rows[np.argsort(ms[rows], kind="stable")]
    return order[int(len(order) * share) : int(len(order) * (1 - share))]


def milliseconds(table: pd.DataFrame, task: dict[str, Any], name: str) -> np.ndarray:
    ms = table[task.get("prefix", "") + name].to_numpy(float)
    return 1000 / ms if name.startswith("throughput") else ms


def line(macs: np.ndarray, rows: np.ndarray, ms: np.ndarray) -> np.ndarray:
    slope, offset = np.polyfit(macs[rows], ms[rows], 1) if np.ptp(macs[rows]) else (0.0, ms[rows].mean())
    return np.maximum(offset + slope * macs, ms[rows].min() / 2)


def scores(predicted: np.ndarray, truth: np.ndarray) -> tuple[float, float, float]:
    error = np.abs(predicted / truth - 1)
    return spearman(predicted, truth), float(np.mean(error <= CLOSE)), float(np.mean(error <= NEAR))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--task", type=Path, required=True)
    given = parser.parse_args()
    task = yaml.safe_load(given.task.read_text())
    table = load(given.data, task)
    blocks, codes, macs = features(table, task)
    idx = table["idx"].to_numpy()
    pool = np.flatnonzero((idx >= task["pool"][0]) & (idx < task["pool"][1]))
    query = np.flatnonzero((idx >= task["query"][0]) & (idx < task["query"][1]))
    present = [name for name in task.get("sources", []) if task.get("prefix", "") + name in table]
    print(f"sources: {present}; absent: {sorted(set(task.get('sources', [])) - set(present))}")
    known = np.exp(source_logs(table, task, present, pool, codes))
    print(f"| target | samples | estimate | Spearman | within 5 % | within 10 % |\n|{'---|' * 6}")
    total: dict[tuple[int, str], list[tuple[float, float, float]]] = {}
    for name in task["targets"]:
        if task.get("prefix", "") + name not in table:
            print(f"| {name} | - | not in the table | - | - | - |")
            continue
        ms = milliseconds(table, task, name)
        fine = np.isfinite(ms) & (ms > 0)
        drawn = trimmed(ms, pool[fine[pool]], task.get("trim", 0))
        asked = trimmed(ms, query[fine[query]], task.get("trim", 0))
        for count in task["samples"]:
            for estimate, found in rated(task, (blocks, codes, macs), known, (ms, drawn, asked), count).items():
                total.setdefault((count, estimate), []).append(found)
                print(f"| {name} | {count} | {estimate} | {found[0]:.3f} | {found[1]:.1%} | {found[2]:.1%} |")
    for (count, estimate), every in total.items():
        rho, five, ten = np.mean(every, axis=0)
        print(f"| **mean of {len(every)}** | {count} | {estimate} | {rho:.3f} | {five:.1%} | {ten:.1%} |")


def source_logs(
    table: pd.DataFrame, task: dict[str, Any], names: list[str], pool: np.ndarray, codes: np.ndarray
) -> np.ndarray:
    """What the known targets say of every network: predicted from the pool alone, also for the pool's own rows."""
    if not names:
        return np.zeros((len(table), 0))
    every = np.stack([milliseconds(table, task, name) for name in names], axis=1)
    rows = pool[np.all(np.isfinite(every[pool]) & (every[pool] > 0), axis=1)][:MAX_SOURCE_ROWS]
    return predict_choices(codes[rows], np.log(every[rows]), codes)


def rated(
    task: dict[str, Any], described: tuple[Any, ...], known: np.ndarray, target: tuple[np.ndarray, ...], count: int
) -> dict[str, tuple[float, ...]]:
    """Mean scores over the seeds of each way to estimate."""
    (blocks, codes, macs), (ms, drawn, asked) = described, target
    results: dict[str, list[tuple[float, float, float]]] = {}
    for seed in range(task["seeds"]):
        rows = np.random.default_rng(seed).permutation(drawn)[:count]
        found = {"constant": np.full(len(ms), np.median(ms[rows])), "multiply-adds": line(macs, rows, ms)}
        nothing = np.zeros((len(ms), 0))
        for label, table in {"no transfer": nothing, "transfer": known}.items():
            if label == "no transfer" or known.shape[1]:
                model = fit_transfer(blocks, table, rows.tolist(), ms[rows].tolist(), seed=seed)
                found[label] = model.predict(blocks, table)[0]
        if count >= 50:  # noqa: PLR2004 (fewer do not show interactions)
            found["choices"] = np.exp(predict_choices(codes[rows], np.log(ms[rows])[:, None], codes)[:, 0])
        for label, predicted in found.items():
            results.setdefault(label, []).append(scores(predicted[asked], ms[asked]))
    return {label: tuple(np.mean(every, axis=0)) for label, every in results.items()}


if __name__ == "__main__":
    main()
