"""Small problem files of the format nas-search-problem/1, written by tests."""

import json
from itertools import product

import numpy as np
import pyarrow as pa
from pyarrow import parquet

DECISIONS = [
    {"name": "k1", "options": [3, 5, 7]},
    {"name": "k2", "options": [3, 5, 7], "active_if": {"decision": "depth", "min_option": 1}},
    {"name": "k3", "options": [3, 5, 7], "active_if": {"decision": "depth", "min_option": 2}},
    {"name": "width", "options": ["thin", "normal", "wide", "widest"]},
    {"name": "depth", "options": [1, 2, 3]},
]
NETWORKS = 4 * (3 + 9 + 27)


def rows():
    """Every network as option indices, 0 where a decision does not matter."""
    return np.array([row for row in product(*(range(len(d["options"])) for d in DECISIONS)) if canonical(row)])


def canonical(row):
    return (row[4] >= 1 or row[1] == 0) and (row[4] >= 2 or row[2] == 0)


def table_values(networks):
    """accuracy in percent, latency in ms, and a feature, of rows of indices: they rise together, with a wrinkle."""
    size = 1 + networks @ [1, 1, 1, 2, 3]
    latency = 0.5 * size + 0.1 * networks[:, 0]
    return {
        "accuracy": 60 + 12 * np.log(size) + 0.8 * np.sin(7 * networks @ [1, 2, 3, 4, 5]),
        "latency": latency,
        "feature_size": (size - size.mean()) / 3,
    }


def constants(accuracy, latency):
    """The constants of the scores, over all networks."""
    corner = float(np.percentile(accuracy, 25)), float(np.percentile(latency, 95))
    order = np.lexsort((-accuracy, latency))
    area, best = 0.0, corner[0]
    for i in order:
        if latency[i] < corner[1] and accuracy[i] > best:
            area += (accuracy[i] - best) * (corner[1] - latency[i])
            best = accuracy[i]
    limits = {q: float(np.percentile(latency, int(q))) for q in ("25", "50", "75")}
    return {
        "reference_point": {"accuracy": corner[0], "latency": corner[1]},
        "front_hypervolume": area,
        "targets": {
            q: {"latency": limit, "best_accuracy": float(accuracy[latency <= limit].max())}
            for q, limit in limits.items()
        },
    }


def write_table(folder, **changes):
    """A table of NETWORKS networks, in no order, with noise of half a point; changes replace keys of the file."""
    networks = np.random.default_rng(0).permutation(rows())
    values = table_values(networks)
    columns = {f"o_{d['name']}": networks[:, i] for i, d in enumerate(DECISIONS)}
    parquet.write_table(pa.table(columns | values | {"first_seed": values["accuracy"] + 1}), folder / "tiny.parquet")
    described = {
        "kind": "table",
        "table": {"file": "tiny.parquet", "rows": len(networks), "decision_columns": list(columns)},
        "accuracy": {"unit": "percent", "model": "column", "column": "accuracy"},
        "latency": {"unit": "ms", "model": "column", "column": "latency"},
        "features": [{"name": "log_size", "model": "column", "column": "feature_size"}],
    }
    return _written(folder / "tiny.json", described | constants(values["accuracy"], values["latency"]) | changes)


def surrogate_arrays(seed=0):
    """Two accuracy networks and a linear latency over 18 inputs: 3 of k1, 12 of k2 and width, 3 of depth."""
    rng = np.random.default_rng(seed)
    shapes = {"linear": (1, 18), "hidden1": (6, 18), "hidden2": (5, 6), "output": (1, 5)}
    arrays = {f"acc.{name}.weight": rng.normal(size=(2, *shape)) for name, shape in shapes.items()}
    arrays |= {f"acc.{name}.bias": rng.normal(size=(2, shape[0])) for name, shape in shapes.items()}
    return {name: array.astype(np.float32) for name, array in arrays.items()} | {
        "lat.weight": rng.uniform(0.1, 1, 18).astype(np.float32)
    }


def write_surrogate(folder, **changes):
    """A surrogate over the same decisions; its constants are rough."""
    np.savez(folder / "model.npz", **surrogate_arrays())
    described = {
        "kind": "surrogate",
        "surrogate": {"file": "model.npz", "inputs": 18, "encoding": [["k1"], ["k2", "width"], ["depth"]]},
        "accuracy": {"model": "network", "arrays": "acc", "members": 2, "steps": [{"scale": 2.0, "offset": 70.0}]},
        "latency": {"model": "linear", "arrays": "lat", "steps": [{"function": "exp"}, {"scale": 0.5, "offset": 1.0}]},
        "reference_point": {"accuracy": 60.0, "latency": 10.0},
        "front_hypervolume": 50.0,
        "targets": {"50": {"latency": 4.0, "best_accuracy": 75.0}},
    }
    return _written(folder / "model.json", described | changes)


def _written(path, keys):
    shared = {
        "format": "nas-search-problem/1",
        "name": path.stem,
        "decisions": DECISIONS,
        "observation": {"kind": "gaussian", "standard_deviation": 0.5},
    }
    whole = {key: value for key, value in (shared | keys).items() if value is not None}
    path.write_text(json.dumps(whole), encoding="utf-8")
    return path
