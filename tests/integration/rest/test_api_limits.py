"""What clients cannot do to a service that others use: take its threads, hold its connections, ask without end."""

import re
import socket
import time
from contextlib import ExitStack, contextmanager
from threading import Semaphore

import httpx2
import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from live_service import SPEC, service_on
from problem import assert_problem

from api.app import create_app
from api.http.concurrency import LIMITS, Limited
from api.uploading.uploads import Uploads
from nas.errors import DataError

QUICK = {
    *("/healthz", "/readyz", "/docs", "/docs/problems", "/docs/style.css", "/", "/v1/session", "/v1/metrics"),
    *("/v1/keys", "/v1/keys/{key_id}", "/v1/spaces", "/v1/spaces/{name}"),
    *("/v1/searches/{search_id}", "/v1/searches/{search_id}:pause", "/v1/searches/{search_id}:resume"),
    *("/v1/searches/{search_id}:cancel", "/v1/searches/{search_id}:undelete", "/v1/artifacts/{sha256}"),
    *("/v1/trials/{trial_id}:export", "/v1/trials/{trial_id}/exports", "/v1/exports/{export_id}", "/v1/presets"),
    "/v1/proxy-checks/{check_id}",
    "/v1/proxy-checks/{check_id}:cancel",
    "/v1/suggestions/{suggestion_id}",
    "/v1/suggestions/{suggestion_id}:cancel",
}
"""Routes that read or write a few rows, or a file piece by piece."""

OWN_LIMITS = {
    *(("POST", "/v1/datasets"), ("PUT", "/v1/datasets/{sha256}/archive"), ("POST", "/v1/latency:estimate-file")),
    ("POST", "/v1/teachers"),
    ("GET", "/v1/searches/{search_id}/events"),
}
"""Routes that take turns themselves: an upload for a part of its work, events where they are a page."""

ADMITTED = LIMITS["uploads"].at_once + LIMITS["uploads"].waiting
SOON_S = 60


@pytest.fixture(scope="module")
def client(shared_settings):
    app = create_app(shared_settings)
    with service_on(shared_settings, app=app) as url, httpx2.Client(base_url=url, timeout=SOON_S) as client:
        client.app = app
        yield client


def limits(dependant):
    for inner in dependant.dependencies:
        if isinstance(inner.call, Limited):
            yield inner.call.kind
        yield from limits(inner)


def test_every_route_that_can_be_slow_is_limited(shared_settings):
    for context in iter_route_contexts(create_app(shared_settings).routes):
        if isinstance(context.original_route, APIRoute):
            found = list(limits(context.dependant))
            path = re.sub(r":id\}", "}", context.path_format)
            own = {(method, path) for method in context.methods} & OWN_LIMITS
            assert bool(found) != bool(path in QUICK or own), (path, context.methods)
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

    def unpack(_uploads, _archive, _sha256, _title, stop, **_more):
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


STUCK = {
    "nothing": b"",
    "a part of the headers": b"GET /v1/searches HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow",
    "a part of a second request": b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\nGET /v1/sear",
    "a part of a body": b"POST /v1/searches HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    b'content-length: 100\r\n\r\n{"dataset": ',
    "a part of an upload": b"POST /v1/datasets HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: multipart/form-data; "
    b"boundary=b\r\ntransfer-encoding: chunked\r\n\r\n5\r\n--b\r\n\r\n",
}


@pytest.fixture(scope="module")
def strict(shared_settings):
    """A service that waits for nobody, and allows little."""
    home = shared_settings.home / "strict"
    changes = {"request_timeout_s": 1.0, "answer_timeout_s": 1.0, "searches_per_hour": 3, "trials_per_hour": 10}
    changes |= {"upload_bytes_per_hour": 1000, "event_streams": 2, "home": home, "open": False}
    changes |= {"database_url": f"sqlite:///{home / 'nas.db'}"}
    app = create_app(shared_settings.model_copy(update=changes))
    with service_on(app.state.shared.settings, app=app) as url, httpx2.Client(base_url=url, timeout=SOON_S) as client:
        client.app = app
        yield client


def with_key(client):
    _, secret = client.app.state.shared.ledger.keys.create("one", ["write"])
    return {"Authorization": f"Bearer {secret}"}


def said_until_closed(connection):
    parts = []
    while part := connection.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)


def test_a_client_that_sends_slowly_loses_its_connection(strict):
    secret = with_key(strict)["Authorization"].encode()
    address = (strict.base_url.host, strict.base_url.port)
    with ExitStack() as opened:
        connections = {}
        for name, sent in STUCK.items():
            connections[name] = opened.enter_context(socket.create_connection(address, timeout=SOON_S))
            connections[name].sendall(sent.replace(b"content-type", b"authorization: %s\r\ncontent-type" % secret, 1))
        said = {name: said_until_closed(connection) for name, connection in connections.items()}
    for name, answer in said.items():
        assert answer.count(b"HTTP/1.1 200") == (name == "a part of a second request"), name
        assert b"HTTP/1.1 408 Request Timeout" in answer, name
        assert b"REQUEST_SLOW" in answer, name
    until(lambda: strict.app.state.shared.limiters["uploads"].admitted_now == 0)
    assert strict.get("/healthz").status_code == 200


def test_a_client_that_reads_nothing_loses_its_connection(strict):
    """It asks again and again for what it does not take."""
    ask = b"GET /openapi.json HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(SOON_S)
        connection.connect((strict.base_url.host, strict.base_url.port))
        with pytest.raises(ConnectionError):
            connection.sendall(ask * 1_000_000)


def test_a_key_may_ask_for_so_much_an_hour(strict):
    """Searches, trials, bytes and streams; a search that is made once counts once."""
    key = with_key(strict)

    def post(trials, **more):
        return strict.post("/v1/searches", json=SPEC | {"max_trials": trials}, headers=key | more)

    def refused(answer, what):
        body = assert_problem(answer, 429, "RATE_EXCEEDED")
        assert what in body["detail"]
        return int(answer.headers["retry-after"])

    made = post(4, **{"Idempotency-Key": "k"})
    assert [post(4, **{"Idempotency-Key": "k"}).status_code for _ in range(5)] == [made.status_code] * 5 == [201] * 5
    assert 0 < refused(post(7), "10 trials an hour") <= 3600
    assert refused(post(1_000_000), "1,000,000") <= 3600
    version = {"If-Match": "*", **key}
    refused(strict.patch(made.headers["location"], json={"max_trials": 11}, headers=version), "trials")
    assert strict.patch(made.headers["location"], json={"max_trials": 5}, headers=version).status_code == 200
    fork = f"{made.headers['location']}:fork"
    assert [strict.post(fork, json={"max_trials": 1}, headers=key).status_code for _ in range(2)] == [201] * 2
    assert 0 < refused(strict.post(fork, json={"max_trials": 1}, headers=key), "3 searches an hour") <= 1200
    assert strict.post("/v1/searches", params={"validate_only": True}, json=SPEC, headers=key).status_code == 200
    refused(strict.post(fork, json={"max_trials": 1}, headers=with_key(strict)), "3 searches")  # the same client
    assert len(strict.get("/v1/searches", headers=key).json()["items"]) == 3

    for content in (b"x" * 1001, iter([b"x" * 600] * 2)):
        refused(strict.post("/v1/datasets", content=content, headers=key | MULTIPART), "bytes of uploads")
    events = f"{made.headers['location']}/events"
    with strict.stream("GET", events, headers=key) as one, strict.stream("GET", events, headers=key) as two:
        assert (one.status_code, two.status_code) == (200, 200)
        refused(strict.get(events, headers=key), "2 event streams")
        assert strict.get(events, params={"format": "json"}, headers=key).status_code == 200

    def closed():
        with strict.stream("GET", events, headers=key) as answer:
            return answer.status_code == 200

    until(closed)


def until(holds):
    end = time.monotonic() + SOON_S
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)
