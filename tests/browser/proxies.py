"""A real nginx before a service, with the service below a path."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx2
import pytest
from processes import PATIENCE_S

ROOT = "/nas"

_NGINX = """
{user}
worker_processes 1;
pid {place}/nginx.pid;
error_log {place}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    proxy_http_version 1.1;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location {root}/ {{
            proxy_pass {target};
            add_header X-Written {written} always;
            {more}
        }}
    }}
}}
"""
HOLDING = (
    "proxy_buffering on; proxy_ignore_headers X-Accel-Buffering; "
    "gzip on; gzip_types text/event-stream; gzip_min_length 0;"
)
"""For nginx to collect answers, whatever the service says. It is its compression that holds small pieces back."""


class Proxy:
    """nginx on a port of its own. strip: it takes ROOT from paths, as most configurations do."""

    def __init__(self, place: Path, service_url: str, *, strip: bool, more: str) -> None:
        with closing(socket.socket()) as found:
            found.bind(("127.0.0.1", 0))
            self._port = found.getsockname()[1]
        self._place, self._target = place, f"{service_url}/" if strip else service_url
        self.url = f"http://127.0.0.1:{self._port}{ROOT}"
        program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            pytest.skip("needs nginx: `apt-get install nginx-light`")
        self._written = 0
        self._command = [program, "-e", str(place / "error.log"), "-p", str(place), "-c", str(place / "nginx.conf")]
        self._write(more)

    def _write(self, more: str) -> None:
        user = "user root;" if os.getuid() == 0 else ""
        self._written += 1
        about = {"user": user, "place": self._place, "port": self._port, "written": self._written}
        text = _NGINX.format(root=ROOT, target=self._target, more=more, **about)
        (self._place / "nginx.conf").write_text(text)

    def change(self, more: str) -> None:
        """Go on with other settings of the location; connections that are open keep the old ones."""
        self._write(more)
        subprocess.run([*self._command, "-s", "reload"], check=True)
        while httpx2.get(f"{self.url}/healthz", timeout=PATIENCE_S).headers["x-written"] != str(self._written):
            time.sleep(0.01)

    @contextmanager
    def running(self) -> Iterator["Proxy"]:
        with subprocess.Popen([*self._command, "-g", "daemon off;"]) as process:
            try:
                while process.poll() is None and not self._listens():
                    time.sleep(0.01)
                yield self
            finally:
                process.terminate()

    def _listens(self) -> bool:
        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0


@contextmanager
def proxied(place: Path, service_url: str, *, strip: bool = True, more: str = "") -> Iterator[Proxy]:
    place.mkdir()
    with Proxy(place, service_url, strip=strip, more=more).running() as found:
        yield found
