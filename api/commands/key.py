"""`nas key`: API keys, written straight to the ledger, for the operator on the machine of the service."""

import json
import re
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from api.commands.tables import table
from nas.commands.ledger import DATABASE, open_ledger
from nas.jobs.records import KeyRecord

SPAN = re.compile(r"(\d{1,5})([hdw])")
UNITS = {"h": "hours", "d": "days", "w": "weeks"}
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def key() -> None:
    """API keys of the service, in its database.

    Exit codes: 0 done, 1 the database cannot be used, 2 wrong use or input.
    """


def _span(_: click.Context, __: click.Parameter, value: str | None) -> datetime | None:
    if value is None:
        return None
    parts = SPAN.fullmatch(value)
    if parts is None or not int(parts[1]):
        raise click.BadParameter("a time such as 12h, 90d or 8w is wanted")
    return datetime.now(UTC) + timedelta(**{UNITS[parts[2]]: int(parts[1])})


@key.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(["read", "write", "admin", "agent"]),
    help="write includes read, admin all, agent is of a device; may be given several times.",
)
@click.option("--expires", callback=_span, metavar="TIME", help="12h, 90d, 8w.  [default: never]")
@DATABASE
@JSON
def create(name: str, scopes: tuple[str, ...], expires: datetime | None, database: str | None, as_json: bool) -> None:
    """A new key. Its secret is printed here and never again: only its digest is stored."""
    with open_ledger(database) as ledger:
        made, secret = ledger.keys.create(name, scopes, expires)
    if as_json:
        click.echo(json.dumps({**_described(made), "secret": secret}))
        return
    click.echo(secret)
    click.echo(f"{made.id} {made.name}: {', '.join(made.scopes)}. Keep it now; it is not shown again.", err=True)


@key.command("list")
@DATABASE
@JSON
def list_(database: str | None, as_json: bool) -> None:
    """All keys, without their secrets."""
    with open_ledger(database) as ledger:
        rows = [_described(found) for found in ledger.keys.list()]
    if as_json:
        click.echo(json.dumps(rows))
        return
    columns = ("id", "name", "prefix", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at")
    shown = [{**row, "scopes": ", ".join(row["scopes"])} for row in rows]
    table(columns, ([row[column] for column in columns] for row in shown), left=len(columns))


@key.command()
@click.argument("key_id", metavar="ID")
@DATABASE
@JSON
def revoke(key_id: str, database: str | None, as_json: bool) -> None:
    """End a key, at once and for good."""
    with open_ledger(database) as ledger:
        gone = ledger.keys.revoke(key_id)
    click.echo(json.dumps(_described(gone)) if as_json else f"{gone.id}  revoked")


def _described(record: KeyRecord) -> dict[str, Any]:
    """The record as JSON values, with times in whole seconds."""
    return {name: _plain(value) for name, value in asdict(record).items()}


def _plain(value: Any) -> Any:
    return value.isoformat(timespec="seconds").replace("+00:00", "Z") if isinstance(value, datetime) else value
