"""`nas serve`: the whole service on one machine."""

import json
from typing import Any

import click

from api.processes.supervisor import Supervisor, free_port
from latency_db.storing.location import default_location, file_of
from nas.machine.mounts import SHARED_DISK_REMEDY, shared_disk_warning
from nas.service.settings import read_settings


@click.command()
@click.option("--host", help="Address to listen on.  [default: NAS_HOST, or 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="0 takes any free one.  [default: NAS_PORT, or 8000]")
@click.option("--open/--keys", "open_", default=None, help="Without API keys, on this machine only.  [default: --keys]")
@click.option("--executor", help="Where trials are trained: ray, ray_tune, process or inline.  [default: ray]")
@click.option("--workers", type=click.IntRange(min=1), help="Trials at a time.  [default: one a core]")
@click.option("--database", help="URL of the ledger's database.  [default: DATABASE_URL, or a file in NAS_HOME]")
@click.option("--no-worker", is_flag=True, help="Only the API; `nas worker` runs elsewhere.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object once it is ready: url, open, pids.")
def serve(open_: bool | None, no_worker: bool, as_json: bool, **given: Any) -> None:
    """Serve the dashboard and the HTTP API, and carry out searches.

    Both are processes of their own and are started again when they die. A first Ctrl-C or SIGTERM lets them finish what
    they write, for up to 30 seconds; a second one does not wait. Exit codes: 0 stopped, 1 cannot listen, 2 wrong use
    or settings, such as a home folder that cannot be written.
    """
    given["database_url"] = given.pop("database")
    settings = read_settings(open=open_, **given)
    if settings.open_to_others:
        raise click.UsageError(f"--open lets anybody in who reaches {settings.host}; use --keys, or --host 127.0.0.1")
    settings.make_home()
    for file in (file_of(settings.database_url), file_of(default_location())):
        if warning := shared_disk_warning(file):
            click.echo(f"Warning: {warning}; {SHARED_DISK_REMEDY}", err=True)
    port = free_port(settings.host, settings.port)
    environment = _environment({**given, "port": port, "open": settings.open})
    supervisor = Supervisor((settings.host, port), environment, worker=not no_worker)
    url = f"http://{f'[{settings.host}]' if ':' in settings.host else settings.host}:{port}"

    def ready() -> None:
        if as_json:
            click.echo(json.dumps({"url": url, "open": settings.open, "pids": supervisor.pids}))
        else:
            click.echo(f"Ready: {url} ({_access(open_=settings.open)}). Ctrl-C stops it.")

    if not as_json:
        click.echo(f"Starting on {url} ...")
    supervisor.run(ready)


def _environment(given: dict[str, Any]) -> dict[str, str]:
    """What was given, as the children's settings read it."""
    named = {"database_url": "DATABASE_URL"}
    return {named.get(name, f"NAS_{name.upper()}"): str(value) for name, value in given.items() if value is not None}


def _access(*, open_: bool) -> str:
    if open_:
        return "open: users of this machine need no key"
    return "keys needed: nas key create NAME --scope admin"
