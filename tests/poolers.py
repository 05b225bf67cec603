"""A real PgBouncer before the tests' PostgreSQL server."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from databases import PostgreSQL

CLIENTS = 20
SERVER_CONNECTIONS = {"session": CLIENTS, "transaction": 3}
"""By mode. In session mode a client keeps its connection to the server; in transaction mode clients share few."""

_PGBOUNCER = """
[databases]
* = host={folder} user=postgres

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {pool_size}
max_client_conn = {clients}
"""


class Pooler:
    """A PgBouncer in one mode. It is asked for databases by the URLs of the server."""

    def __init__(self, port: int) -> None:
        self._port = port

    def url(self, server_url: str) -> str:
        """The URL of the same database, through the pooler."""
        return f"postgresql://postgres@127.0.0.1:{self._port}{urlsplit(server_url).path}"


@contextmanager
def _running(folder: Path, mode: str, place: Path) -> Iterator[Pooler]:
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("needs pgbouncer: `apt-get install pgbouncer`")
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    settings = _PGBOUNCER.format(
        folder=folder, port=port, mode=mode, pool_size=SERVER_CONNECTIONS[mode], clients=CLIENTS
    )
    place.write_text(settings)
    user = pwd.getpwuid(folder.stat().st_uid).pw_name  # it refuses to run as root
    command = [program, "-q", "/dev/stdin"]
    with place.open() as settings_file, subprocess.Popen(command, stdin=settings_file, user=user) as process:
        try:
            while process.poll() is None:
                with closing(socket.socket()) as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.01)
            yield Pooler(port)
        finally:
            process.terminate()


@pytest.fixture(scope="session", params=SERVER_CONNECTIONS)
def pooler(
    request: pytest.FixtureRequest, postgresql: PostgreSQL, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pooler]:
    """One test for each mode."""
    place = tmp_path_factory.mktemp("pgbouncer") / "pgbouncer.ini"
    with _running(postgresql.folder, request.param, place) as found:
        yield found
