"""`nas search`: searches of a service."""

from pathlib import Path
from typing import Any

import click
import yaml

from api.client import Search
from api.commands.exporting import export
from api.commands.outcome import correlations, pareto, trials
from api.commands.remote import SEARCH, Remote, remote
from api.commands.retargeting import retarget
from api.commands.tables import number, table
from api.commands.upload import Shown, sending
from api.commands.watch import follow, watch
from nas.quantities import duration


@click.group(
    epilog="Exit codes: 0 done; 1 the search failed or was cancelled, or the service cannot be reached; 2 wrong use or "
    "input, also as the service sees it; 130 interrupted (the search continues)."
)
def search() -> None:
    """Submit searches to a service and follow them.

    SEARCH is the id of a search, the unique beginning of one, or `latest`. The service is NAS_URL, the key NAS_API_KEY.
    """


@search.command()
@remote
@click.argument("spec", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", help="What to call it.")
@click.option("--label", "labels", multiple=True, metavar="KEY=VALUE", help="May be given several times.")
@click.option("--priority", type=click.IntRange(-100, 100), help="Higher goes first.  [default: 0]")
@click.option("--watch", "watched", is_flag=True, help="Follow it until it has ended.")
def submit(
    service: Remote, *, spec: Path, name: str | None, labels: tuple[str, ...], priority: int | None, watched: bool
) -> None:
    """Submit the search of SPEC: the YAML or JSON file that `nas run` takes.

    Images in a folder or an archive of this machine are sent first, unless the service has them.
    """
    given = {"name": name, "labels": dict(_pair(label) for label in labels) or None, "priority": priority}
    fields = {key: value for key, value in given.items() if value is not None}
    with sending() as shown:
        prepared = service.client.prepared(spec, shown, **fields)
    _say_images(prepared, shown)
    _say_effort(service.client.check(prepared))
    made = service.client.submit(prepared)
    service.show(made.model_dump(mode="json"), f"{made.id}  {made.state}")
    if watched:
        follow(service, made)


@search.command("list")
@remote
@click.option("--state", help="Only those in this state, such as RUNNING.")
@click.option("--text", help="Only those with this in their name or labels.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="The newest so many.")
def list_(service: Remote, state: str | None, text: str | None, limit: int) -> None:
    """The searches, the newest first."""
    found = service.client.searches(state=None if state is None else state.upper(), text=text)
    rows = [s for s, _ in zip(found, range(limit), strict=False)]
    service.show(
        [s.model_dump(mode="json", exclude={"spec", "facts"}) for s in rows],
        lambda: _list(rows) if rows else click.echo("No searches. `nas search submit SPEC` makes one.", err=True),
    )


@search.command()
@remote
@SEARCH
def show(service: Remote, search: str) -> None:
    """A search: its state, how far it is, and its spec."""
    found = service.find(search)
    service.show(found.model_dump(mode="json"), lambda: _print(found))


def _action(name: str, summary: str) -> None:
    @search.command(name, help=summary)
    @remote
    @SEARCH
    def act(service: Remote, search: str) -> None:
        found = getattr(service.find(search), name)()
        service.show(found.model_dump(mode="json"), f"{found.id}  {found.state}")


_action("pause", "Stop, with the trials that run; these begin again when it is resumed.")
_action("resume", "Resume a search that is paused.")
_action("cancel", "End a search for good; its finished trials stay.")


@search.command()
@remote
@SEARCH
@click.option(
    "--set", "changes", multiple=True, metavar="KEY=VALUE", help="A field of the spec, or part of one: a.b=1."
)
@click.option("--name", help="What to call it.")
def fork(service: Remote, search: str, changes: tuple[str, ...], name: str | None) -> None:
    """A new search from the spec of another, with fields changed.

    Trainings that both need are done once. VALUE is read as YAML: 3, true, text, {name: random}.
    """
    parent = service.find(search)
    fields = changed(parent.spec or {}, changes) | ({} if name is None else {"name": name})
    made = parent.fork(**fields)
    service.show(made.model_dump(mode="json"), f"{made.id}  {made.state}")


@search.command()
@remote
@SEARCH
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(service: Remote, search: str, yes: bool) -> None:
    """Delete a search that has ended or is paused."""
    found = service.find(search)
    if not (yes or service.as_json):
        click.confirm(f"Delete {found.id} ({found.name}, {found.counts.done} trials)?", abort=True)
    found.delete()
    service.show({"id": found.id, "deleted": True}, f"{found.id}  deleted")


for _command in (watch, pareto, retarget, trials, correlations, export):
    search.add_command(_command)


def changed(spec: dict[str, Any], changes: tuple[str, ...]) -> dict[str, Any]:
    """The fields of spec that are replaced by changes, each `key=value` or `key.part=value`."""
    fields: dict[str, Any] = {}
    for change in changes:
        path, text = _pair(change)
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise click.BadParameter(f"{change!r} is not YAML: {error}", param_hint="--set") from None
        key, *parts = path.split(".")
        for part in reversed(parts):
            value = {part: value}
        before = fields.get(key, spec.get(key))
        fields[key] = _merged(before, value) if parts else value
    return fields


def _merged(before: Any, after: Any) -> Any:
    """after put over before, mapping by mapping."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return after
    return before | {key: _merged(before.get(key), value) for key, value in after.items()}


def _say_images(prepared: dict[str, Any], shown: Shown) -> None:
    """Say under which path the images were sent."""
    if shown.sent:
        click.echo(f"dataset.path: sent to the service as {prepared['dataset']['path']}", err=True)


def _say_effort(checked: dict[str, Any]) -> None:
    """Say what the service has set for the user, and how long the search will take if that is known."""
    for note in (*checked.get("notes", ()), *checked.get("foreseen", ())):
        click.echo(note, err=True)
    seconds = checked.get("estimate", {}).get("seconds")
    if seconds is not None:
        click.echo(f"about {duration(seconds)} with every worker free", err=True)


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise click.BadParameter(f"{text!r} is not KEY=VALUE")
    return key, value


def _list(rows: list[Search]) -> None:
    table(
        ("id", "name", "state", "created", "trials", "best reward"),
        (
            (s.id, s.name, s.state, f"{s.created_at:%Y-%m-%d %H:%M}", f"{s.counts.done}/{s.max_trials}", _best(s))
            for s in rows
        ),
        left=4,
    )


def _best(found: Search) -> str | None:
    return number(found.best and found.best.reward, ".4f")


def _print(found: Search) -> None:
    counts = found.counts
    states = ("queued", "running", "succeeded", "pruned", "failed", "cancelled", "refused", "reused")
    counted = [f"{getattr(counts, state)} {state}" for state in states if getattr(counts, state)]
    rows = {
        "id": found.id,
        "name": found.name,
        "labels": ", ".join(f"{key}={value}" for key, value in found.labels.items()) or None,
        "state": found.state + (f" ({found.phase})" if found.phase else ""),
        "because": found.state_message or found.state_reason,
        "note": " ".join(found.facts.get("notes", [])) if found.facts else None,
        "trials": ", ".join([f"{counts.done} of {found.max_trials} done", *counted]),
        "best": found.best and f"trial {found.best.trial}, reward {found.best.reward:.4f}",
        "target": number(found.target_latency_ms, ".4g") and f"{found.target_latency_ms:.4g} ms",
        "created": f"{found.created_at:%Y-%m-%d %H:%M:%S %Z}",
        "ended": found.ended_at and f"{found.ended_at:%Y-%m-%d %H:%M:%S %Z}",
    }
    for label, value in rows.items():
        if value:
            click.echo(f"{label:<8} {value}")
    click.echo("spec")
    for line in yaml.safe_dump(found.spec, sort_keys=False, allow_unicode=True).splitlines():
        click.echo(f"  {line}")
