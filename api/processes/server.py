"""The API as a process: it ends within seconds of SIGTERM, open event streams or not, and with its parent."""

import gc
import logging
import socket
from contextlib import suppress

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.processes.connection import timed
from nas.errors import NasError
from nas.service.parent import supervisor_pid, when_parent_ends
from nas.service.settings import Settings

GRACE_S = 2
KEEP_ALIVE_S = 75
"""Longer than clients and proxies keep a connection that idles (httpx2 5 s, nginx 60 s): the side that closes it must
be the one that sends, or a request meets a connection that is being closed."""


class OpenToOthersError(NasError):
    """A service without keys that others could reach."""


class Server(uvicorn.Server):
    """A uvicorn server that ends its event streams when it stops, and stops when its parent is gone."""

    def __init__(self, app: FastAPI, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._streams = app.state.shared.streams

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        gc.freeze()  # modules are never freed: collecting garbage among them takes longer than a request
        if (parent := supervisor_pid()) is not None:
            when_parent_ends(parent, self._exit)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._streams.close()
        await super().shutdown(sockets)

    def _exit(self) -> None:
        self.should_exit = True


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. OpenToOthersError if anybody on the network could use it without a key."""
    if settings.open_to_others:
        raise OpenToOthersError(
            f"an open service would let anybody reach {settings.host} without a key; "
            "use the host 127.0.0.1, or start it without --open"
        )
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it logs every plugin of its own
    with suppress(KeyboardInterrupt):
        server_of(create_app(settings), settings).run()


def server_of(app: FastAPI, settings: Settings) -> Server:
    """The server that runs the app."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=timed(settings.request_timeout_s, settings.answer_timeout_s),
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
    return Server(app, config)
