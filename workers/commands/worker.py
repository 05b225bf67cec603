"""`nas worker`: a dispatcher with its workers."""

import click

from workers.dispatching.process import serve


@click.command()
@click.option("--executor", "executor_name", help="Where trials are trained: ray, ray_tune, process or inline.")
@click.option("--workers", type=click.IntRange(min=1), help="Trials at a time.  [default: one a core]")
@click.option("--database", help="URL of the ledger's database.  [default: DATABASE_URL, or a file in NAS_HOME]")
def worker(executor_name: str | None, workers: int | None, database: str | None) -> None:
    """Claim searches from the ledger and carry them out, until stopped.

    Any number may run, on any machine that reaches the database and the artifact folder. RAY_ADDRESS names a Ray
    cluster to use; without it the ray executors start one on this machine. On a first SIGTERM or Ctrl-C it releases its
    searches, so that others resume them.
    """
    serve({"executor": executor_name, "workers": workers, "database_url": database})
