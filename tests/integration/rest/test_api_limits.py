"""What clients cannot do to a service that others use: take its threads, hold its connections, ask without end."""

import re
import socket
import time
from contextlib import ExitStack, contextmanager
from threading import Semaphore

import httpx2
import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from live_service import service_on
from problem import assert_problem

from api.app import create_app
from api.http.concurrency import LIMITS, Limited
from api.uploading.uploads import Uploads
from nas.errors import DataError
from nas.service.settings import Settings

QUICK = {
    *("/healthz", "/readyz", "/docs", "/docs/problems", "/docs/style.css", "/", "/v1/session", "/v1/metrics"),
    *("/v1/keys", "/v1/keys/{key_id}", "/v1/spaces", "/v1/spaces/{name}"),
    *("/v1/searches/{search_id}", "/v1/searches/{search_id}:pause", "/v1/searches/{search_id}:resume"),
    *("/v1/searches/{search_id}:cancel", "/v1/searches/{search_id}:undelete", "/v1/artifacts/{sha256}"),
    *("/v1/trials/{trial_id}:export", "/v1/exports/{export_id}"),
}
"""Routes that read or write a few rows, or a file piece by piece."""

OWN_LIMITS = {("POST", "/v1/datasets"), ("GET", "/v1/searches/{search_id}/events")}
"""Routes that take turns themselves: an upload for a part of its work, events where they are a page."""

ADMITTED = LIMITS["uploads"].at_once + LIMITS["uploads"].waiting
SOON_S = 60


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NAS_LATENCY_DB", str(home / "latency.db"))
        yield Settings(home=home, open=True)


@pytest.fixture(scope="module")
def client(settings):
    app = create_app(settings)
    with service_on(settings, app=app) as url, httpx2.Client(base_url=url, timeout=SOON_S) as client:
        client.app = app
        yield client


def limits(dependant):
    for inner in dependant.dependencies:
        if isinstance(inner.call, Limited):
            yield inner.call.kind
        yield from limits(inner)


def test_every_route_that_can_be_slow_is_limited(settings):
    for context in iter_route_contexts(create_app(settings).routes):
        if isinstance(context.original_route, APIRoute):
            found = list(limits(context.dependant))
            path = re.sub(r":id\}", "}", context.path_format)
            quick = path in QUICK or (context.methods & {"PATCH", "DELETE"})
            own = {(method, path) for method in context.methods} & OWN_LIMITS
            assert len(found) == (0 if quick or own else 1), (path, context.methods)
            assert set(found) <= LIMITS.keys()


UPLOAD = b'--b\r\nContent-Disposition: form-data; name="archive"; filename="x.zip"\r\n\r\nabc\r\n--b--\r\n'
MULTIPART = {"content-type": "multipart/form-data; boundary=b"}


@contextmanager
def upload(client):
    """An upload whose client waits for the answer until the end of the block."""
    head = f"POST /v1/datasets HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: {MULTIPART['content-type']}\r\n"
    with socket.create_connection((client.base_url.host, client.base_url.port)) as connection:
        connection.sendall(head.encode() + f"content-length: {len(UPLOAD)}\r\n\r\n".encode() + UPLOAD)
        yield


def test_uploads_hold_up_no_other_route_and_end_with_their_clients(client, monkeypatch):
    """As many as are admitted, two of them unpacked; the others wait."""
    begun, ended = Semaphore(0), Semaphore(0)

    def unpack(_uploads, _archive, _sha256, stop):
        begun.release()
        assert stop.wait(SOON_S)
        ended.release()
        raise DataError("the client has left")

    limiter = client.app.state.shared.limiters["uploads"]
    monkeypatch.setattr(Uploads, "add", unpack)
    with ExitStack() as uploads:
        for number in range(ADMITTED):
            uploads.enter_context(upload(client))
            until(lambda number=number: limiter.admitted_now == number + 1)
        assert all(begun.acquire(timeout=SOON_S) for _ in range(LIMITS["uploads"].at_once))
        refused = client.post("/v1/datasets", content=UPLOAD, headers=MULTIPART)
        assert_problem(refused, 429, "BUSY")
        assert int(refused.headers["retry-after"]) > 0
        for path in ("/v1/searches", "/v1/datasets", "/v1/catalogue", "/readyz"):
            assert client.get(path).status_code == 200
    assert all(ended.acquire(timeout=SOON_S) for _ in range(LIMITS["uploads"].at_once))
    until(lambda: limiter.admitted_now == 0)
    monkeypatch.undo()
    assert_problem(client.post("/v1/datasets", content=UPLOAD, headers=MULTIPART), 422, "DATA_UNUSABLE")


def until(holds):
    end = time.monotonic() + SOON_S
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)
