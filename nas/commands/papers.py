"""`nas papers`: reproductions of papers, their numbers beside ours."""

import inspect
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table as Printed

from nas.files import write_whole
from nas.machine.cgroup import core_count
from nas.machine.processor import processor_name
from nas.machine.versions import versions
from nas.paper import Finding, Reproduction, Setting, Table, paper


@click.group()
def papers() -> None:
    """Reproduce what papers report, and print their numbers beside ours."""


@papers.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
def list_papers(as_json: bool) -> None:
    """List the reproductions."""
    rows: list[dict[str, Any]] = [
        {
            "name": name,
            "source": paper[name].source,
            "data": list(paper[name].data),
            "duration": paper[name].duration,
            "summary": (inspect.getdoc(inspect.getmodule(paper[name])) or "").partition("\n")[0],
        }
        for name in paper
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        needs = f" Needs {', '.join(row['data'])}." if row["data"] else ""
        click.echo(f"{row['name']}: {row['summary']}")
        click.echo(f"    {row['source']}. One seed takes {row['duration']}.{needs}")


@papers.command()
@click.argument("name")
@click.option("--seeds", type=click.IntRange(min=1), default=3, show_default=True, help="How many, counted from 0.")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True, help="Where to train.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("papers"),
    show_default=True,
    help="Folder for NAME.md and NAME.json, the result, and for what a later call goes on from.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def run(name: str, seeds: int, device: str, out: Path, as_json: bool) -> None:
    """Run the reproduction NAME, and write its result with machine, versions and seeds.

    The same command goes on after a kill.
    """
    made = paper.make(name)
    console = Console(stderr=True)
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    found = made.reproduce(
        Setting(tuple(range(seeds)), device, folder, lambda line: console.print(line, highlight=False, markup=False))
    )
    facts = {
        "command": f"nas papers run {name} --seeds {seeds} --device {device}",
        "source": made.source,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(time.perf_counter() - started, 1),
        "machine": f"{processor_name()}, {core_count()} cores, load {os.getloadavg()[0]:.1f} at the end",
        "versions": versions(),
        "seeds": list(range(seeds)),
    }
    write_whole(out / f"{name}.json", json.dumps({**facts, **asdict(found)}, indent=2))
    write_whole(out / f"{name}.md", _page(name, facts, found))
    if as_json:
        click.echo(json.dumps({**facts, **asdict(found)}, indent=2))
        return
    for table in (_findings(found.findings), *found.tables):
        printed = Printed(title=table.title, box=None, header_style="bold", title_justify="left")
        for number, column in enumerate(table.columns):
            printed.add_column(column, justify="right" if number else "left")
        for row in table.rows:
            printed.add_row(*row)
        Console().print(printed)
    for line in (*found.remarks, f"{out / name}.md has all of it."):
        Console().print(line, highlight=False, markup=False)


def _findings(findings: Sequence[Finding]) -> Table:
    return Table(
        "",
        ("quantity", "paper", "ours", "each seed", "goal", ""),
        [
            (
                finding.quantity,
                "" if finding.paper is None else f"{finding.paper:,.{finding.digits}f}",
                f"{finding.mean:,.{finding.digits}f}",
                ", ".join(f"{value:,.{finding.digits}f}" for value in finding.ours) if len(finding.ours) > 1 else "",
                finding.goal,
                {True: "met", False: "not met", None: ""}[finding.is_met],
            )
            for finding in findings
        ],
    )


def _page(name: str, facts: Mapping[str, Any], found: Reproduction) -> str:
    """The result as Markdown."""
    parts = ", ".join(f"{part} {number}" for part, number in facts["versions"].items())
    lines = [
        f"# {name}",
        f"{facts['source']}. Command: `{facts['command']}`; {facts['seconds']} s, finished {facts['finished']}.",
        f"Machine: {facts['machine']}. Versions: {parts}. Seeds: {', '.join(map(str, facts['seeds']))}.",
        *found.remarks,
    ]
    for table in (_findings(found.findings), *found.tables):
        lines += [f"## {table.title}"] if table.title else []
        rows = (table.columns, ["---"] * len(table.columns), *table.rows)
        lines.append("\n".join(f"| {' | '.join(row)} |" for row in rows))
    return "\n\n".join(lines) + "\n"
