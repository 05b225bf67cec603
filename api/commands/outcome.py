"""`nas search pareto|trials|correlations`: what came out of a search, as numbers."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import click

from api.client import Baseline, Ranking, Reference
from api.commands.remote import SEARCH, Remote, remote
from api.commands.tables import number, table
from nas.metric import Metric, present, tabulated
from nas.report.results import VERDICTS
from nas.statistics.proportions import SPLITS, bracketed

ACCURACY = "accuracy"


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
        for each in finalist.beside_curves or ():
            click.echo(f"trial {finalist.trial}: {each.text}", err=True)
        if finalist.latency_note:
            click.echo(f"trial {finalist.trial}: {finalist.latency_note}", err=True)
        if finalist.choice_note:
            click.echo(f"{finalist.choice_note}.", err=True)


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

    Kendall's tau with its 95 % interval; the last column is what a number says beside the multiply-adds. A sentence on
    each says what that means, and what to do about it.
    """
    found = service.find(search).correlations()
    rows = (
        (each.metric, each.n, f"{each.tau:.2f}", f"{each.low:.2f} to {each.high:.2f}", number(each.given_macs, ".2f"))
        for each in found
    )
    heads = ("metric", "trials", "tau", "95 %", "given macs")

    def shown() -> None:
        if not found:
            click.echo("Too few trials have a result yet.", err=True)
            return
        table(heads, rows)
        for each in found:
            click.echo(each.text)

    service.show([each.model_dump(mode="json") for each in found], shown)


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
