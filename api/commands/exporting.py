"""`nas search export`: what came out of a search, as files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from api.client import Export, ExportFile, ModelFile, Search
from api.commands.remote import SEARCH, Remote, remote
from nas.command_line.latency_options import latency_options
from nas.command_line.option_types import Bytes
from nas.compression.on_device import on_device
from nas.images.model_input import ModelInput
from nas.mapping_file import read_mapping

PLAN_FILES = (".yaml", ".yml", ".json")
"""How the names of files with a plan end."""


@click.command()
@remote
@SEARCH
@click.option("--trial", type=click.IntRange(min=0), help="This trial rather than the finalists; it is trained for it.")
@click.option("--epochs", type=click.IntRange(min=1), help="With --trial: how long.  [default: as the finalists]")
@click.option(
    "--input",
    "model_input",
    type=click.Choice([each.value for each in ModelInput]),
    help="With --trial: what the .onnx takes.  [default: as the spec says]",
)
@click.option(
    "--format",
    "file_format",
    metavar="FORMAT",
    help="onnx, tflite, pte or ncnn.  [default: all that finalists have; with --trial, onnx]",
)
@click.option(
    "--compress",
    "plan",
    metavar="PRESET",
    help="Make it smaller, by a preset of `nas compress` or a .yaml file: the best finalist, or with --trial that one.",
)
@click.option("--max-bytes", type=Bytes(), help="With --compress mixed: of the compressed file, as 100k.")
@latency_options("With --compress int8: of an image on --latency-device; blocks then stay in floats where they can.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("models"),
    show_default=True,
    help="Folder for the files.",
)
def export(
    service: Remote,
    search: str,
    *,
    trial: int | None,
    epochs: int | None,
    model_input: str | None,
    file_format: str | None,
    plan: str | None,
    out: Path,
    **limits: Any,
) -> None:
    """Download the finalists of a search, as ONNX files and as those of the runtime that they were searched for.

    Or export one trial and download that. With --compress, download its compressed file and the ONNX file that it
    unpacks to.
    """
    if trial is None and (epochs, model_input) != (None, None):
        raise click.UsageError("--epochs and --input go with --trial")
    given = {name: value for name, value in limits.items() if value is not None}
    if plan is None and given:
        raise click.UsageError(f"--{next(iter(given)).replace('_', '-')} goes with --compress")
    if plan is not None and file_format not in {None, "onnx"}:
        raise click.UsageError(f"--compress makes .naz and .onnx files; leave out --format {file_format}")
    found = service.find(search)
    files: Sequence[tuple[int, ModelFile | Export | ExportFile]]
    shown: dict[str, Any] = {}
    if plan is not None:
        number = _best(found) if trial is None else trial
        wanted = {"epochs": epochs, "model_input": model_input, "compression": _compression(plan) | given}
        made = _exported(service, found, number, wanted)
        files = [(number, file) for file in made.files]
        shown = {"report": made.report}
    elif trial is None:
        files = _finalists(found, file_format)
    else:
        wanted = {"epochs": epochs, "file_format": file_format or "onnx", "model_input": model_input}
        files = [(trial, _exported(service, found, trial, wanted))]
    rows = _downloaded(service, files, out)
    service.show({"search": found.id, "files": rows, **shown}, "\n".join(str(row["path"]) for row in rows))


def _downloaded(
    service: Remote, files: Sequence[tuple[int, ModelFile | Export | ExportFile]], out: Path
) -> list[dict[str, Any]]:
    out.mkdir(parents=True, exist_ok=True)
    return [
        {"trial": trial, "path": str(service.client.download(file, out)), "sha256": file.sha256}
        for trial, file in files
    ]


def _compression(plan: str) -> dict[str, Any]:
    """The plan in a file, or a preset's name, as the service takes it."""
    return {"plan": read_mapping(Path(plan))} if Path(plan).suffix in PLAN_FILES else {"preset": plan}


def _best(found: Search) -> int:
    """The number of the best finalist."""
    finalists = found.pareto().finalists
    if not finalists:
        raise click.ClickException(
            f"{found.id} is {found.state} and has no finalists to compress; `--trial N` compresses any one trial"
        )
    return finalists[0].trial


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


def _exported(service: Remote, found: Search, trial: int, wanted: Mapping[str, Any]) -> Export:
    if not service.as_json:
        click.echo(f"Exporting trial {trial}; this trains it ...", err=True)
    exported = found.export(trial, **wanted)
    if exported.sha256 is None:
        raise click.ClickException(f"the export of trial {trial} has failed: {exported.reason}")
    if exported.report and not service.as_json:
        click.echo(_summary(exported.report), err=True)
    return exported


def _summary(report: Mapping[str, Any]) -> str:
    said = (
        f"{report['size_bytes']:,} bytes, {report['ratio']:.1f} times smaller than in fp32. "
        f"Test accuracy {report['test_accuracy']:.2%}, before {report['test_accuracy_before']:.2%}."
    )
    return f"{said}\n{on_device(report)}" if report.get("on_device") else said
