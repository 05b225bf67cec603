"""Published latency tables, Parquet files in one folder, read as LatencyTable; files that are not there are left out.

Each reader names its file and the columns that it needs; devices are whatever further columns or names there are.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from latency_db.exchange.importers.ofa_yaml import block_features
from latency_db.exchange.table import LatencyTable, Provenance, RowKind, Scope, TableRow

Row = Mapping[str, Any]
Reader = Callable[[Path], Iterable[TableRow]]


def load_tables(folder: Path) -> dict[str, LatencyTable]:
    found = {}
    for name, (file, reader) in READERS.items():
        if (folder / file).exists():
            about = Provenance(file, "see the source", "as published", "ms", scope=Scope.UNKNOWN)
            found[name] = LatencyTable(tuple(reader(folder / file)), about)
    return found


def rows_of(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


def networks(
    rows: Iterable[Row], devices: Mapping[str, str], features: Callable[[Row], dict[str, float | str]]
) -> Iterable[TableRow]:
    """One row of a network for each of its devices; devices maps columns to names, throughputs are turned round."""
    for row in rows:
        described = features(row)
        for column, device in devices.items():
            value = row[column]
            if value is None:
                continue
            latency = 1000 / value if column.startswith("throughput") else value
            yield TableRow(str(row["idx"]), RowKind.NETWORK, device, latency, features=described)


def choices(row: Row, names: Iterable[str]) -> dict[str, float | str]:
    return {name: str(row[name]) for name in names}


def nb201(path: Path) -> Iterable[TableRow]:
    edges = ("e01", "e02", "e12", "e03", "e13", "e23")
    cells = {row["idx"]: choices(row, edges) for row in rows_of(path.parent / "nb201_archs.parquet")}
    rows = [row for row in rows_of(path) if row.get("rep_idx", row["idx"]) == row["idx"]]
    skipped = ("idx", "rep_idx", "var_", "mj_")
    devices = {name: name.removeprefix("lat_") for name in rows[0] if not name.startswith(skipped)}
    return networks(rows, devices, lambda row: cells[row["idx"]])


def columns_starting(row: Row, *prefixes: str) -> dict[str, str]:
    return {name: name for name in row if name.startswith(prefixes) and not name.endswith("_std")}


def fbnet(path: Path) -> Iterable[TableRow]:
    rows = rows_of(path)
    slots = [f"b{slot:02}" for slot in range(22)]
    return networks(rows, columns_starting(rows[0], "lat_"), lambda row: choices(row, slots))


def ofa(path: Path) -> Iterable[TableRow]:
    rows = rows_of(path)
    names = [name for name in rows[0] if name[0] in "rdke" and not name.startswith("lat")]
    return networks(rows, columns_starting(rows[0], "lat_"), lambda row: choices(row, names))


def mnasnet(path: Path) -> Iterable[TableRow]:
    rows = rows_of(path)
    names = [name for name in rows[0] if name.startswith("block")]
    return networks(
        rows,
        columns_starting(rows[0], "latency_", "throughput_"),
        lambda row: {**choices(row, names), "macs": row["macs"], "params": row["params"]},
    )


def blocks(path: Path) -> Iterable[TableRow]:
    for row in rows_of(path):
        device = row["device"].partition("_r1")[0].partition("_r2")[0]
        count = row["count"]
        yield TableRow(
            row["key"],
            RowKind.BLOCK,
            device,
            row["lat_ms"],
            row["std_ms"],
            int(count) if count is not None and count == count else None,  # noqa: PLR0124 - nan is not itself
            block_features(row["key"]) or {},
        )


def tfnas(path: Path) -> Iterable[TableRow]:
    for row in rows_of(path):
        features = {"block": row["block"], "mid": float(row["mid"])}
        yield TableRow(f"{row['block']}:{row['mid']}", RowKind.BLOCK, row["device"], row["lat_ms"], features=features)


def desktop(path: Path) -> Iterable[TableRow]:
    for row in rows_of(path):
        features = {"layer": str(row["layer"]), "op": row["op"]}
        yield TableRow(f"{row['layer']}:{row['op']}", RowKind.BLOCK, "cpu", row["lat_us"] / 1000, features=features)


def ncnn(path: Path) -> Iterable[TableRow]:
    for row in rows_of(path):
        extremes = {name: row[name] for name in ("min_ms", "max_ms") if row[name] is not None}
        yield TableRow(
            row["model"],
            RowKind.MODEL,
            f"{row['platform']} #{row['run']}",
            row["avg_ms"],
            n=row["loop_count"],
            statistics=extremes,
        )


def aihub(path: Path) -> Iterable[TableRow]:
    for row in rows_of(path):
        if row["lat_ms"] is None:
            continue
        features = {name: str(row[name]) for name in ("component", "precision", "runtime")}
        key = "|".join([row["model"], *features.values()])
        yield TableRow(key, RowKind.MODEL, row["device"], row["lat_ms"], features=features)


def timm(path: Path) -> Iterable[TableRow]:
    measures = ("param_count", "infer_gmacs", "infer_macts", "infer_img_size")
    for row in rows_of(path):
        if row["infer_samples_per_sec"] is None:
            continue
        features = {name: float(row[name]) for name in measures if row[name] is not None}
        key = f"{row['model']}@{row['infer_img_size']}"
        yield TableRow(key, RowKind.MODEL, row["setup"], 1000 / row["infer_samples_per_sec"], features=features)


def own_blocks(path: Path) -> Iterable[TableRow]:
    for row in rows_of(path):
        features = {name: float(row[name] + 1) for name in ("macs", "params", "act")}
        features |= {"block": row["key"].partition("|")[0]}
        yield TableRow(row["key"], RowKind.BLOCK, "zen5", row["lat_ms"], features=features)


def own_networks(path: Path) -> Iterable[TableRow]:
    for row in rows_of(path):
        features = {name: float(row[name]) for name in ("macs", "params", "act")}
        yield TableRow(row["keys"], RowKind.NETWORK, "zen5", row["lat_ms"], features=features)


READERS: dict[str, tuple[str, Reader]] = {
    "HELP, NAS-Bench-201": ("nb201_latency_help.parquet", nb201),
    "OneProxy": ("nb201_latency_oneproxy.parquet", nb201),
    "HW-NAS-Bench-360": ("nb201_latency_hw360.parquet", nb201),
    "HELP, FBNet": ("fbnet_help.parquet", fbnet),
    "HELP, OFA": ("ofa_help.parquet", ofa),
    "Accel-NASBench": ("accelnasbench_mnasnet.parquet", mnasnet),
    "block tables": ("block_luts.parquet", blocks),
    "TF-NAS": ("tfnas_block_luts.parquet", tfnas),
    "FBNet on a desktop": ("fbnet_cpu_lut_araslanova.parquet", desktop),
    "ncnn": ("ncnn_benchmark.parquet", ncnn),
    "AI Hub": ("qualcomm_aihub_perf.parquet", aihub),
    "timm": ("timm_inference_benchmarks.parquet", timm),
    "zen5 blocks": ("zen5_ort_blocks.parquet", own_blocks),
    "zen5 networks": ("zen5_ort_nets.parquet", own_networks),
}
