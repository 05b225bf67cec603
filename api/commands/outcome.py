"""`nas search pareto|trials|export`: what came out of a search."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from api.client import Export, ModelFile, Search
from api.commands.remote import SEARCH, Remote, remote
from api.commands.tables import number, table
from nas.metric import tabulated

KEYS = {"accuracy": ("test_accuracy", "accuracy"), "latency_ms": ("latency_ms", "estimated_latency_ms")}
"""Where a table finds a metric, the first that is there: an exported file's accuracy is that on the test images."""


@click.command()
@remote
@SEARCH
@click.option("--metric", "metrics", multiple=True, metavar="NAME", help="The front of these, such as macs.")
def pareto(service: Remote, search: str, metrics: tuple[str, ...]) -> None:
    """The trials that no other beats in both accuracy and latency; references and finalists, best first, below them."""
    found = service.find(search).pareto(*metrics)
    rows = [
        *((f"trial {p.number}", p.architecture_id, *_metrics(p.metrics)) for p in found.points),
        *((f"reference {r.label}", None, *_metrics(r.metrics)) for r in found.references),
        *((f"finalist {f.trial}{' (best)' if f.best else ''}", f.file, *_metrics(f.metrics)) for f in found.finalists),
    ]
    value = found.model_dump(mode="json", exclude={"finalists": {"__all__": {"diagram"}}})
    service.show(value, lambda: table(("network", "", *_headings()), rows, left=2))
    for finalist in found.finalists:
        if finalist.latency_note:
            click.echo(f"trial {finalist.trial}: {finalist.latency_note}", err=True)


@click.command()
@remote
@SEARCH
@click.option("--state", help="Only those in this state, such as FAILED.")
@click.option("--limit", type=click.IntRange(min=1), default=1000, show_default=True, help="The first so many.")
def trials(service: Remote, search: str, state: str | None, limit: int) -> None:
    """The trials of a search."""
    found = service.find(search).trials(state=None if state is None else state.upper())
    rows = [t for t, _ in zip(found, range(limit), strict=False)]
    service.show(
        [t.model_dump(mode="json", exclude_none=True) for t in rows],
        lambda: table(
            ("trial", "architecture", "state", *_headings(), "reward", ""),
            (
                (t.number, t.architecture_id, t.state, *_metrics(t.metrics), number(t.reward, ".4f"), t.reason)
                for t in rows
            ),
            left=3,
        ),
    )


@click.command()
@remote
@SEARCH
@click.option("--trial", type=click.IntRange(min=0), help="This trial rather than the finalists; it is trained for it.")
@click.option("--epochs", type=click.IntRange(min=1), help="With --trial: how long.  [default: as the finalists]")
@click.option(
    "--format",
    "file_format",
    metavar="FORMAT",
    help="onnx, tflite, pte or ncnn.  [default: all that finalists have; with --trial, onnx]",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder for the files.  [default: .]",
)
def export(
    service: Remote, search: str, *, trial: int | None, epochs: int | None, file_format: str | None, out: Path
) -> None:
    """Download the finalists of a search, as ONNX files and as those of the runtime that they were searched for.

    Or export one trial and download that.
    """
    if epochs is not None and trial is None:
        raise click.UsageError("--epochs goes with --trial")
    found = service.find(search)
    files: Sequence[tuple[int, ModelFile | Export]]
    if trial is None:
        files = _finalists(found, file_format)
    else:
        files = [(trial, _exported(service, found, trial, epochs, file_format or "onnx"))]
    out.mkdir(parents=True, exist_ok=True)
    rows = [
        {"trial": trial, "path": str(service.client.download(file, out)), "sha256": file.sha256}
        for trial, file in files
    ]
    service.show({"search": found.id, "files": rows}, "\n".join(str(row["path"]) for row in rows))


def _finalists(found: Search, file_format: str | None) -> Sequence[tuple[int, ModelFile | Export]]:
    """All files of the finalists, or those in one format; notes say which are missing."""
    finalists = found.pareto().finalists
    for finalist in finalists:
        if finalist.note and file_format != "onnx":
            click.echo(f"trial {finalist.trial}: {finalist.note}", err=True)
    files = [(f.trial, file) for f in finalists for file in f.files if file_format in {None, file.format}]
    there = [(trial, file) for trial, file in files if file.sha256 is not None]
    if not there:
        as_format = f" as {file_format}" if file_format else ""
        raise click.ClickException(
            f"{found.id} is {found.state} and has no finalists to download{as_format}; "
            "`--trial N` exports any one trial"
        )
    return there


def _exported(service: Remote, found: Search, trial: int, epochs: int | None, file_format: str) -> Export:
    if not service.as_json:
        click.echo(f"Exporting trial {trial}; this trains it ...", err=True)
    exported = found.export(trial, epochs=epochs, file_format=file_format)
    if exported.sha256 is None:
        raise click.ClickException(f"the export of trial {trial} has failed: {exported.reason}")
    return exported


def _headings() -> list[str]:
    return [metric.text_column.heading for metric in tabulated()]


def _metrics(metrics: Mapping[str, Any]) -> list[str | None]:
    """One cell a heading."""
    cells = []
    for metric in tabulated():
        known = (metrics.get(key) for key in KEYS.get(metric.name, (metric.name,)))
        value = next((value for value in known if value is not None), None)
        cells.append(None if value is None else metric.text_column.text(value))
    return cells
