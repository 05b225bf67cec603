"""`nas data`: which data sets there are, getting one, and what is in it."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from numpy import bincount
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TransferSpeedColumn,
)
from rich.table import Column, Table

from nas.command_line.groups import EntryPointGroup
from nas.command_line.set_options import set_options, with_options
from nas.commands.decoded import decoded
from nas.dataset import Split, data_dirs, dataset, load, resolve
from nas.image_set.note import Note, listed
from nas.images.decoded_sets import telling
from nas.images.published import Origin, PublishedSource, dataset_row

MOST_CLASSES = 30
"""Classes in a table; of more, those with the fewest training images are shown."""
SHOWN_SIDE = 96
"""Sides, in pixels, at which images of several sizes are shown."""
SEVERAL_SIZES = Note.on(
    "several_sizes",
    f"the images have several sizes: here they are cut and resized to {SHOWN_SIDE} px, in a search to the resolution "
    "of its space",
    (),
)


@click.group(cls=EntryPointGroup, entry_point_group="nas.commands.data")
def data() -> None:
    """List, download and describe data sets, and those of a service."""


data.add_command(decoded)


@data.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_sets(*, as_json: bool) -> None:
    """List the known data sets, and where they are."""
    rows = [dataset_row(name) for name in dataset]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    table = Table("name", "images", "licence", Column("where", overflow="fold"), box=None, header_style="bold")
    for row in rows:
        megabytes = (row["download_bytes"] or 0) / 1e6
        where = row["where"] or f"absent; nas data get {row['name']} ({megabytes:.0f} MB)"
        table.add_row(row["name"], row["summary"], row["licence"], where)
    console = Console()
    console.print(table)
    console.print("Looked for in: " + ", ".join(str(folder) for folder in data_dirs()), highlight=False)


@data.command()
@click.argument("name")
@click.option(
    "--source", "sources", metavar="URL", multiple=True, help="Try this address first: a folder with the set's files."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def get(name: str, sources: tuple[str, ...], *, as_json: bool) -> None:
    """Download data set NAME into the first folder of NAS_DATA_DIR.

    Its sources are tried in order; what arrives is taken if its pixels are those of the published set.
    """
    source = dataset[name]
    if not issubclass(source, PublishedSource):
        raise click.UsageError(f"{name} needs no download: {source.summary}")
    found = source.find()
    if found is not None and found[0].exact:
        folder, message = found[1], f"{name} is there already: {found[1] / found[0].files[0]}"
    else:
        folder = _download(source, sources)
        message = f"{name} is in {folder}, its pixels checked."
    click.echo(json.dumps({"name": name, "path": str(folder)}) if as_json else message)


def _download(published: type[PublishedSource], sources: tuple[str, ...]) -> Path:
    """Download the set; returns its folder."""
    forms = {origin.form: origin.md5 for origin in published.origins}
    mirrors = tuple(Origin(url, form, md5) for url in sources for form, md5 in forms.items())
    with _progress(DownloadColumn(), TransferSpeedColumn()) as progress:
        return published.get(mirrors + published.origins, progress, lambda why: click.echo(f"Failed: {why}", err=True))


@contextmanager
def _progress(*columns: ProgressColumn) -> Iterator[Callable[[str, int, int | None], None]]:
    """A bar for each file or other task, on a terminal, with columns of how much of it is done."""
    console = Console(file=sys.stderr)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), *columns, console=console, disable=not console.is_terminal
    ) as bars:
        tasks: dict[str, Any] = {}

        def show(what: str, done: int, total: int | None) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what.rpartition("/")[2], total=total)
            bars.update(tasks[what], completed=done)

        yield show


@data.command()
@click.argument("name")
@set_options
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Draws the validation images.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(name: str, options: tuple[str, ...], seed: int, *, as_json: bool) -> None:
    """Describe data set NAME: classes, splits, mean and deviation, digest. NAME may be folder:PATH or hf:OWNER/SET.

    A table has the images of each class by split; of more than 30 classes, of those with the fewest. Notes say what was
    left out, changed or guessed, with counts and names. Images of several sizes are shown at 96 pixels; `-o size=N`
    takes another.
    """
    config = with_options(resolve(name), options)
    resized = _resized(config)
    with _progress(MofNCompleteColumn()) as progress, telling(progress):
        loaded = load({**config, **resized}, seed)
    notes = [*([SEVERAL_SIZES] if resized else []), *loaded.notes]
    splits = {"train": loaded.train, "validation": loaded.validation, "test": loaded.test}
    facts: dict[str, Any] = {
        "name": loaded.name,
        "classes": list(loaded.classes),
        "images": {part: len(split) for part, split in splits.items()},
        "side": loaded.side,
        "channels": loaded.channels,
        "mean": list(loaded.mean),
        "std": list(loaded.std),
        "flip": loaded.flip,
        "variant": loaded.variant,
        "seed": seed,
        "digest": loaded.digest,
    }
    counts = _images_by_class(splits, loaded.classes)
    if as_json:
        rows = [note.row() for note in notes]
        click.echo(json.dumps({**facts, "images_by_class": counts, "notes": rows}, indent=2))
        return
    for key, value in facts.items():
        click.echo(f"{key:10} {_text(value)}")
    for note in notes:
        click.echo(f"{'note':10} {note.text}")
    _print_counts(counts)


def _images_by_class(splits: Mapping[str, Split], classes: Sequence[str]) -> list[dict[str, Any]]:
    """The images of each class by split, in the order of the classes."""
    counts = {part: bincount(split.labels, minlength=len(classes)) for part, split in splits.items()}
    return [
        {"class": name, **{part: int(of[label]) for part, of in counts.items()}} for label, name in enumerate(classes)
    ]


def _print_counts(counts: list[dict[str, Any]]) -> None:
    """A table of classes with their images."""
    table = Table(Column("class", overflow="fold"), box=None, header_style="bold")
    _, *parts = counts[0]
    for part in parts:
        table.add_column(part, justify="right", no_wrap=True)
    shown = counts if len(counts) <= MOST_CLASSES else sorted(counts, key=lambda row: row["train"])[:MOST_CLASSES]
    for name, *images in (row.values() for row in shown):
        table.add_row(escape(name), *(f"{count:,}" for count in images))
    click.echo()
    if len(shown) < len(counts):
        click.echo(f"The {len(shown)} of {len(counts):,} classes with the fewest training images; --json has all:")
    Console().print(table)


def _resized(config: dict[str, Any]) -> dict[str, int]:
    """The `size` at which images of several sizes are shown whose config gives none."""
    resizable = "size" in dataset.parameters(config["name"]).model_fields and "size" not in config
    outline = dataset.make(config).outline() if resizable else None
    return {} if outline is None or outline.side is not None else {"size": SHOWN_SIDE}


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{count:,} {part}" for part, count in value.items())
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return listed(value, MOST_CLASSES)
    if isinstance(value, list):
        return ", ".join(f"{item:.4f}" if isinstance(item, float) else str(item) for item in value)
    return "-" if value is None else str(value)
