"""`nas run`: a whole search from one file."""

from pathlib import Path

import click


@click.command()
@click.argument("spec", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder of the run.")
@click.option("--executor", "executor_name", default="process", show_default=True, help="Where trials are trained.")
def run(spec: Path, out: Path, executor_name: str) -> None:
    """Run the search of SPEC (YAML or JSON) and write its results to a folder.

    Called again with the same SPEC and folder, it goes on from where it was stopped. The folder gets trials.jsonl,
    pareto.json, report.html and a model-ID.onnx for each finalist.
    """
    from rich.console import Console  # noqa: PLC0415 - keeps `nas --help` fast
    from rich.table import Table  # noqa: PLC0415 - keeps `nas --help` fast

    from nas.spec import load_spec  # noqa: PLC0415 - keeps `nas --help` fast
    from workers.run import run as run_search  # noqa: PLC0415 - keeps `nas --help` fast
    from workers.watch import ConsoleWatch  # noqa: PLC0415 - keeps `nas --help` fast

    console = Console()
    with ConsoleWatch(console).drawn() as watch:
        record = run_search(load_spec(spec), out, watch, executor_name=executor_name)
    table = Table(
        "network", "accuracy", "of", "latency ms", "params", "M MACs", title="Finalists and reference networks"
    )
    for row in record["finalists"]:
        metrics = row["metrics"]
        latency = metrics.get("latency_ms", metrics["estimated_latency_ms"])
        cells = (f"{metrics['test_accuracy']:.2%}", "test, in ONNX Runtime", f"{latency:.4f}")
        table.add_row(row["file"], *cells, f"{metrics['params']:,}", f"{metrics['macs'] / 1e6:.2f}", style="bold")
    for row in record["references"]:
        metrics = row["metrics"]
        accuracy = f"{metrics['accuracy']:.2%}" if "accuracy" in metrics else "-"
        latency = f"{metrics['latency_ms']:.4f}" if "latency_ms" in metrics else "-"
        cells = (accuracy, "validation, as the trials", latency)
        table.add_row(row["label"], *cells, f"{metrics['params']:,}", f"{metrics['macs'] / 1e6:.2f}")
    console.print(table)
    console.print(
        f"Pareto front of {len(record['front'])} among {len(record['trials'])} trials. Report: {out / 'report.html'}"
    )
