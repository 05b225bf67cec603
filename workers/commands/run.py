"""`nas run`: a whole search from one file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from nas.metric import AT, Source, tabulated
from nas.report.results import VERDICTS, on_devices, winner
from nas.spec import load_spec
from nas.statistics.proportions import SPLITS, bracketed
from workers.folder_run.console import ConsoleListener
from workers.folder_run.run import run as run_search


@click.command()
@click.argument("spec", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder of the run.")
@click.option("--executor", "executor_name", default="process", show_default=True, help="Where trials are trained.")
@click.option("--json", "as_json", is_flag=True, help="Print pareto.json at the end, and progress to stderr.")
def run(spec: Path, out: Path, executor_name: str, *, as_json: bool) -> None:
    """Run the search of SPEC (YAML or JSON) and write its results to a folder.

    Called again with the same SPEC and folder, the run is resumed; with a larger max_trials, it goes on from there,
    also when it had ended. The folder gets trials.jsonl,
    pareto.json, report.html and a model-ID.onnx for each finalist.
    """
    checked = load_spec(spec)
    console = Console(stderr=as_json)
    with ConsoleListener(console).drawn() as listener:
        record = run_search(checked, out, listener, executor_name=executor_name, spec_folder=spec.parent)
    if as_json:
        click.echo((out / "pareto.json").read_text(encoding="utf-8"), nl=False)
        return
    _print(console, record, out)


def _print(console: Console, record: Mapping[str, Any], out: Path) -> None:
    if record["finalists"] or record["references"]:
        console.print(_table(record))
        said = "test, validation: accuracy on these images with its 95 % interval; test is of the exported file."
        console.print(said, soft_wrap=True)
    console.print(
        f"{_choice(record)}{_comparison(record)}{_beside_curves(record)}{_each_device(record)}"
        f"Pareto front of {len(record['front'])} among {len(record['trials'])} trials: {out / 'report.html'}",
        soft_wrap=True,
    )


def _table(record: Mapping[str, Any]) -> Table:
    table = Table(box=SIMPLE, title="Finalists and reference networks", title_justify="left")
    table.add_column("network", min_width=len("model-0123456789abcdef.onnx"), overflow="fold")
    sizes, (_, *others) = tabulated(Source.NETWORK), on_devices(record)
    latencies = [f"ms {AT} {device.name}" for device in others]
    for column in ("test", "validation", "ms", *latencies, *(size.text_column.heading for size in sizes)):
        table.add_column(column, justify="right", no_wrap=True)
    for row in [*record["finalists"], *record["references"]]:
        metrics = row["metrics"]
        table.add_row(
            f"{row.get('file') or row['label']}{' (best)' if row.get('best') else ''}",
            *(f"{metrics[name]:.2%}\n{bracketed(metrics, name).strip()}" if name in metrics else "" for name in SPLITS),
            *(_latency(metrics, device.latency) for device in on_devices(record)),
            *(size.text_column.text(metrics[size.name]) if size.name in metrics else "" for size in sizes),
        )
    return table


def _choice(record: Mapping[str, Any]) -> str:
    """That the choice of the best finalist is not sure, a line."""
    return "".join(f"{note}.\n" for row in record["finalists"] if (note := row.get("choice_note")))


def _comparison(record: Mapping[str, Any]) -> str:
    """How the best finalist's test accuracy compares with each reference network's, a line each."""
    said = ((row["label"], VERDICTS[row["verdict"]]) for row in record["references"] if row["verdict"])
    return "".join(f"The best finalist's test accuracy is {words} {label}'s.\n" for label, words in said)


def _beside_curves(record: Mapping[str, Any]) -> str:
    """How fast each finalist is beside the curves of references, a line each."""
    beside = ((row["file"], each["text"]) for row in record["finalists"] for each in row.get("beside_curves", ()))
    return "".join(f"{file}: {text}.\n" for file, text in beside)


def _each_device(record: Mapping[str, Any]) -> str:
    """Of several devices, the front of each and the finalist that is best for it, a line each."""
    if "fronts" not in record:
        return ""
    lines = []
    for device in on_devices(record):
        best = winner(record, device)
        chosen = f"; the best finalist for it is {best['file']}" if best else ""
        lines.append(f"{device.name}: Pareto front of {len(record['fronts'][device.name])}{chosen}\n")
    return "".join(lines)


def _latency(metrics: Mapping[str, float], name: str) -> str:
    """The measured latency, or the estimated one; references have neither if the device cannot be measured."""
    if name in metrics:
        return f"{metrics[name]:.4f}"
    estimated = metrics.get(f"estimated_{name}")
    return "" if estimated is None else f"~{estimated:.4f}"
