"""`nas search pareto|trials|correlations|export`: what came out of a search."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from api.client import Baseline, Export, ExportFile, ModelFile, Ranking, Reference, Search
from api.commands.remote import SEARCH, Remote, remote
from api.commands.tables import number, table
from nas.command_line.option_types import Bytes
from nas.images.model_input import ModelInput
from nas.mapping_file import read_mapping
from nas.metric import Metric, present, tabulated
from nas.proportions import SPLITS, bracketed
from nas.report.results import VERDICTS

ACCURACY = "accuracy"
PLAN_FILES = (".yaml", ".yml", ".json")
"""How the names of files with a plan end."""


@click.command()
@remote
@SEARCH
@click.option("--metric", "metrics", multiple=True, metavar="NAME", help="The front of these, such as macs.")
@click.option("--device", help="Of a search for several devices: whose latency.  [default: the first]")
def pareto(service: Remote, search: str, metrics: tuple[str, ...], device: str | None) -> None:
    """The trials that no other beats in both accuracy and latency; references and finalists, best first, below them.
    Then how the finalists were chosen, and what random draws at equal cost have found (`baseline` of a spec).

    Accuracies of trials are on validation images after their short training. Finalists and references are trained for
    longer and tested; in brackets are 95 % intervals, and what they say of the best finalist beside a reference.
    """
    found = service.find(search).pareto(*metrics, device=device)
    columns = _columns(point.metrics for point in found.points)
    networks = [
        *(((f"trial {p.number}", p.architecture_id), p.metrics) for p in found.points),
        *(((f"reference {r.label}", _compared(r)), r.metrics) for r in found.references),
        *(((f"finalist {f.trial}{' (best)' if f.best else ''}", f.file), f.metrics) for f in found.finalists),
    ]
    rows = [(*named, *_by_split(values, columns)) for named, values in networks]
    value = found.model_dump(mode="json", exclude={"finalists": {"__all__": {"diagram"}}})

    def tables() -> None:
        table(("network", "", *_headings(columns, SPLITS.values())), rows, left=2)
        if found.ranking:
            _print_ranking(found.ranking)
        if found.baseline:
            _print_baseline(found.baseline)

    service.show(value, tables)
    for finalist in found.finalists:
        if finalist.latency_note:
            click.echo(f"trial {finalist.trial}: {finalist.latency_note}", err=True)


def _print_baseline(found: Baseline) -> None:
    """What random draws at equal cost have found, and the differences."""
    click.echo(f"\nAgainst {found.trials} trials by {found.searcher} draws. {found.explanation}")
    rows = [
        (
            each.figure,
            *(f"{value:.4f}" for value in (each.searcher, each.baseline)),
            f"{each.difference:+.4f}",
            None if each.low is None or each.high is None else f"{each.low:+.4f} to {each.high:+.4f}",
        )
        for each in found.comparison
    ]
    table(("figure", "search", found.searcher, "difference", "95 % interval"), rows)


def _print_ranking(found: Ranking) -> None:
    """A sentence and a table of how the finalists were chosen."""
    rows = [
        (
            f"trial {each.trial}",
            f"{each.observed:.2%}",
            each.trainings,
            f"{each.mean:.2%}{bracketed(each.model_dump(), 'mean')}",
            f"{each.reward:.4f}",
        )
        for each in found.standings
    ]
    noise = "" if found.noise is None else f" One training deviates by {found.noise:.2%}."
    click.echo(f"\nFinalists are chosen by posterior mean, from {found.explanation}.{noise}")
    table(("trial", "observed", "trainings", "posterior mean", "reward"), rows)


@click.command()
@remote
@SEARCH
def correlations(service: Remote, search: str) -> None:
    """How well sizes and zero-cost scores order the trials by their accuracy, before training.

    Kendall's tau with its 95 % interval; the last column is what a number says beside the multiply-adds.
    """
    found = service.find(search).correlations()
    rows = (
        (each.metric, each.n, f"{each.tau:.2f}", f"{each.low:.2f} to {each.high:.2f}", number(each.given_macs, ".2f"))
        for each in found
    )
    heads = ("metric", "trials", "tau", "95 %", "given macs")
    few = "Too few trials have a result yet."
    service.show(
        [each.model_dump(mode="json") for each in found],
        lambda: table(heads, rows) if found else click.echo(few, err=True),
    )


@click.command()
@remote
@SEARCH
@click.option("--state", help="Only those in this state, such as FAILED.")
@click.option("--limit", type=click.IntRange(min=1), default=1000, show_default=True, help="The first so many.")
def trials(service: Remote, search: str, state: str | None, limit: int) -> None:
    """The trials of a search."""
    found = service.find(search).trials(state=None if state is None else state.upper())
    rows = [t for t, _ in zip(found, range(limit), strict=False)]
    columns = _columns(t.metrics for t in rows)
    service.show(
        [t.model_dump(mode="json", exclude_none=True) for t in rows],
        lambda: table(
            ("trial", "architecture", "state", *_headings(columns, ["validation"]), "reward", ""),
            (
                (t.number, t.architecture_id, t.state, *_metrics(t.metrics, columns), number(t.reward, ".4f"), t.reason)
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
    max_bytes: int | None,
    out: Path,
) -> None:
    """Download the finalists of a search, as ONNX files and as those of the runtime that they were searched for.

    Or export one trial and download that. With --compress, download its compressed file and the ONNX file that it
    unpacks to.
    """
    if trial is None and (epochs, model_input) != (None, None):
        raise click.UsageError("--epochs and --input go with --trial")
    if plan is None and max_bytes is not None:
        raise click.UsageError("--max-bytes goes with --compress")
    if plan is not None and file_format not in {None, "onnx"}:
        raise click.UsageError(f"--compress makes .naz and .onnx files; leave out --format {file_format}")
    found = service.find(search)
    files: Sequence[tuple[int, ModelFile | Export | ExportFile]]
    shown: dict[str, Any] = {}
    if plan is not None:
        number = _best(found) if trial is None else trial
        wanted = {"epochs": epochs, "model_input": model_input, "compression": _compression(plan, max_bytes)}
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


def _compression(plan: str, max_bytes: int | None) -> dict[str, Any]:
    """The plan in a file, or a preset's name, as the service takes it."""
    size = {} if max_bytes is None else {"max_bytes": max_bytes}
    return {"plan": read_mapping(Path(plan)), **size} if Path(plan).suffix in PLAN_FILES else {"preset": plan, **size}


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
    return (
        f"{report['size_bytes']:,} bytes, {report['ratio']:.1f} times smaller than in fp32. "
        f"Test accuracy {report['test_accuracy']:.2%}, before {report['test_accuracy_before']:.2%}."
    )


def _columns(rows: Iterable[Mapping[str, Any]]) -> list[Metric]:
    """The metrics of a table of trials with these metrics."""
    return [*tabulated(), *present(rows)]


def _headings(columns: Iterable[Metric], splits: Collection[str]) -> list[str]:
    """One a metric; for the accuracy, one a split."""
    headings: list[str] = []
    for metric in columns:
        by_split = [f"{split} {ACCURACY}" for split in splits] if metric.name == ACCURACY else []
        headings += by_split or [metric.text_column.heading]
    return headings


def _by_split(metrics: Mapping[str, Any], columns: Sequence[Metric]) -> list[str | None]:
    """One cell a heading, with both splits. A trial has the accuracy on validation images alone."""
    known = {"validation_accuracy": metrics.get(ACCURACY), **metrics}
    shares = {name: known.get(name) for name in SPLITS}
    accuracies = [None if share is None else f"{share:.2%}{bracketed(known, name)}" for name, share in shares.items()]
    by_metric = zip((metric.name for metric in columns), _metrics(metrics, columns), strict=True)
    return [cell for name, shown in by_metric for cell in (accuracies if name == ACCURACY else [shown])]


def _compared(reference: Reference) -> str | None:
    """How the best finalist's test accuracy compares with the network's."""
    words = VERDICTS.get(reference.verdict or "")
    return None if words is None else f"the best is {words} it"


def _metrics(metrics: Mapping[str, Any], columns: Iterable[Metric]) -> list[str | None]:
    """One cell a metric; where a finalist was not measured, its estimate."""
    cells = []
    for metric in columns:
        known = (metrics.get(key) for key in (metric.name, f"estimated_{metric.name}"))
        value = next((value for value in known if value is not None), None)
        cells.append(None if value is None else metric.text_column.text(value))
    return cells
