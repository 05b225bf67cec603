"""The client on the wire: what is repeated, what is not, how refusals read. Server real, its answers scripted."""

import asyncio
import gzip
import hashlib
import io
import socket
import sys
import tarfile
from threading import Event

import httpx2
import pytest
from archives import picture
from processes import PATIENCE_S
from scripted_server import Answer, scripted

from api.client import ApiError, AsyncClient, Client, DamagedError, UnreachableError, WaitTimeoutError
from latency_db.agent.service import Service
from latency_db.errors import AgentError
from nas.errors import SpecError

SEARCH = {
    "id": "srch_1",
    "name": "one",
    "state": "QUEUED",
    "max_trials": 4,
    "created_at": "2026-11-23T10:00:00Z",
    "a_field_of_next_year": 1,
}


def busy_twice(status, headers=None):
    """A service that makes a search for each new idempotency key, and is busy for the first two requests."""
    made = {}

    def answer(request):
        made.setdefault("requests", []).append(request)
        if len(made["requests"]) <= 2:
            return None if status is None else Answer(status, {}, headers or {})
        return Answer(201, SEARCH)

    return answer


@pytest.mark.parametrize("status", [None, 429, 502, 503, 504])
def test_a_submission_is_repeated_under_one_key_until_it_is_answered(status):
    with scripted(busy_twice(status)) as server, Client(server.url) as client:
        search = client.submit(dataset="digits", name="one")

    assert search.id == "srch_1"
    assert len(server.requests) == 3
    assert len({r.headers["idempotency-key"] for r in server.requests}) == 1
    assert server.requests[-1].json == {"dataset": "digits", "name": "one"}


def test_two_submissions_have_two_keys():
    with scripted(lambda _: Answer(201, SEARCH)) as server, Client(server.url) as client:
        client.submit(dataset="digits")
        client.submit(dataset="digits")

    assert len({r.headers["idempotency-key"] for r in server.requests}) == 2


def test_the_asynchronous_client_repeats_too():
    async def submit(url):
        async with AsyncClient(url) as client:
            return await client.submit({"dataset": "digits"}, max_trials=4)

    with scripted(busy_twice(503)) as server:
        search = asyncio.run(submit(server.url))

    assert (search.id, len(server.requests)) == ("srch_1", 3)


def test_a_busy_service_says_when_to_come_back():
    """Its word counts: a wait beyond the client's patience is not begun."""
    with (
        scripted(lambda _: Answer(503, {"reason": "BUSY", "detail": "later"}, {"Retry-After": "3600"})) as server,
        Client(server.url) as client,
        pytest.raises(ApiError, match=r"later \(BUSY\)"),
    ):
        client.search("srch_1")

    assert len(server.requests) == 1


def test_a_short_wait_is_kept(monkeypatch):
    waits = []
    monkeypatch.setattr("api.client.transport.time.sleep", waits.append)

    with scripted(busy_twice(429, {"Retry-After": "7"})) as server, Client(server.url) as client:
        client.search("srch_1")

    assert waits == [7.0, 7.0]


def test_waits_double_with_jitter_and_end(monkeypatch):
    waits = []
    monkeypatch.setattr("api.client.transport.time.sleep", waits.append)
    monkeypatch.setattr("api.client.wire.time.monotonic", lambda: sum(waits))

    with (
        scripted(lambda _: Answer(503, {})) as server,
        Client(server.url, patience_s=60) as client,
        pytest.raises(ApiError) as raised,
    ):
        client.search("srch_1")

    assert raised.value.reason == "HTTP_503"
    assert 30 < sum(waits) <= 60
    bounds = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0]
    assert all(b / 2 <= w <= b for w, b in zip(waits, bounds, strict=False))
    assert all(4 <= w <= 8 for w in waits[6:])


def test_a_refusal_is_told_once_and_whole():
    problem = {
        "status": 422,
        "title": "Wrong",
        "detail": "the spec is wrong",
        "reason": "SPEC_INVALID",
        "request_id": "r1",
        "errors": [{"field": "max_trials", "message": "must be positive"}],
    }
    with (
        scripted(lambda _: Answer(422, problem)) as server,
        Client(server.url) as client,
        pytest.raises(ApiError) as raised,
    ):
        client.submit(dataset="digits", max_trials=-1)

    error = raised.value
    assert (error.status, error.reason, error.request_id) == (422, "SPEC_INVALID", "r1")
    assert "max_trials: must be positive" in str(error)
    assert len(server.requests) == 1


def test_a_proxys_error_page_is_a_refusal_too():
    with (
        scripted(lambda _: Answer(403, b"<html>No</html>")) as server,
        Client(server.url) as client,
        pytest.raises(ApiError, match=r"Forbidden \(HTTP_403\)"),
    ):
        client.search("srch_1")


def test_what_is_no_nas_service_is_named():
    with (
        scripted(lambda _: Answer(200, b"<html>hello</html>")) as server,
        Client(server.url) as client,
        pytest.raises(UnreachableError, match="no nas service"),
    ):
        client.search("srch_1")


def test_no_service_answers():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"

        with Client(url, patience_s=0.5) as client, pytest.raises(UnreachableError, match=rf"{url} .*nas serve"):
            client.search("srch_1")


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://here", "http://"])
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(UnreachableError, match="http://127"):
        Client(url)


def test_address_and_key_come_from_the_environment(monkeypatch):
    with scripted(lambda _: Answer(200, SEARCH)) as server:
        monkeypatch.setenv("NAS_URL", server.url)
        monkeypatch.setenv("NAS_API_KEY", "nas_secret")
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        with Client() as client:
            client.search("srch_1")

    assert server.requests[0].headers["authorization"] == "Bearer nas_secret"


@pytest.mark.parametrize(
    ("no_proxy", "direct"),
    [
        ("::1", {"::1"}),
        ("[::1]", {"::1"}),
        ("fd00::/8", {"fd00::1"}),
        ("[fd00::1]:8000", {"fd00::1"}),
        ("localhost,::1,fd00::/8,[::1]", {"::1", "fd00::1"}),
    ],
)
def test_ipv6_addresses_in_no_proxy_are_read(monkeypatch, no_proxy, direct):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", no_proxy)

    with Client("http://nas.example.org") as client:
        for http in (client._transport._http, Service("http://nas.example.org", None, Event())._http):
            used = {host: http._transport_for_url(httpx2.URL(f"http://[{host}]:8000")) for host in ("::1", "fd00::1")}
            assert {host for host, transport in used.items() if transport is http._transport} == direct


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "nonsense://127.0.0.1:9"])
def test_a_proxy_that_cannot_be_used_is_an_error_with_the_remedy(monkeypatch, proxy):
    """For client and agent, also where NO_PROXY has the service."""
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(UnreachableError, match=r"ALL_PROXY.*pip install socksio"):
        Client("http://nas.example.org")
    with pytest.raises(AgentError, match=r"ALL_PROXY.*pip install socksio"):
        Service("http://nas.example.org", None, Event())


def test_an_id_cannot_leave_its_place():
    with scripted(lambda _: Answer(200, SEARCH)) as server, Client(server.url) as client:
        client.search("a/../../keys?x=1#y")

    assert server.requests[0].path == "/v1/searches/a%2F..%2F..%2Fkeys%3Fx%3D1%23y"


def test_a_list_pages_by_itself_and_only_as_far_as_it_is_read():
    def answer(request):
        second = "page_token=more" in request.path
        items = [SEARCH | {"id": f"srch_{n}"} for n in ((3, 4) if second else (1, 2))]
        return Answer(200, {"items": items, "next_page_token": None if second else "more"})

    with scripted(answer) as server, Client(server.url) as client:
        found = client.searches(state="RUNNING")
        assert next(found).id == "srch_1"
        assert len(server.requests) == 1
        assert [s.id for s in found] == ["srch_2", "srch_3", "srch_4"]

    assert all("state=RUNNING" in r.path for r in server.requests)


def test_a_change_is_made_to_the_search_as_it_is_by_then():
    """A change by another client in between costs another try, not an error, and is not overwritten."""
    version = [1]

    def answer(request):
        if request.method == "GET":
            given = Answer(200, SEARCH, {"ETag": f'"{version[0]}"'})
            version[0] = min(version[0] + 1, 3)
            return given
        fits = request.headers["if-match"] == '"3"'
        return Answer(200, SEARCH | {"name": "two"}) if fits else Answer(412, {"reason": "VERSION_MISMATCH"})

    with scripted(answer) as server, Client(server.url) as client:
        assert client.search("srch_1").update(name="two").name == "two"

    assert [r.json for r in server.requests if r.method == "PATCH"] == [{"name": "two"}] * 2


def test_waiting_ends_with_the_search_or_with_the_time():
    states = iter(["QUEUED", "RUNNING", "SUCCEEDED"])
    with scripted(lambda _: Answer(200, SEARCH | {"state": next(states)})) as server, Client(server.url) as client:
        assert client.search("srch_1").wait(timeout_s=PATIENCE_S).state == "SUCCEEDED"

    with scripted(lambda _: Answer(200, SEARCH)) as server, Client(server.url) as client:
        search = client.search("srch_1")
        with pytest.raises(WaitTimeoutError, match=r"srch_1 is still QUEUED after 0\.1 s"):
            search.wait(timeout_s=0.1)


def test_a_download_is_whole_and_right_or_absent(tmp_path):
    data = b"onnx" * 1000
    digest = hashlib.sha256(data).hexdigest()
    tries = iter([Answer(200, data[:100], cut=True), Answer(200, data), Answer(200, b"something else")])
    with scripted(lambda _: next(tries)) as server, Client(server.url) as client:
        path = client.download(digest, tmp_path / "a.onnx")
        with pytest.raises(DamagedError, match=digest):
            client.download(digest, tmp_path / "b.onnx")

    assert path.read_bytes() == data
    assert [p.name for p in tmp_path.iterdir()] == ["a.onnx"]


def test_a_folder_is_packed_and_sent_and_sent_again(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        (tmp_path / "pets" / name / "1.png").write_bytes(picture(0))
    (tmp_path / "pets" / "cat" / "film.mp4").write_bytes(b"film")
    answers = iter([Answer(503, {}), Answer(201, {"name": "folder", "path": "uploads/abc"})])

    def answer(request):
        return Answer(404, {}) if request.method == "GET" else next(answers)

    with scripted(answer) as server, Client(server.url) as client:
        dataset = client.upload(tmp_path / "pets")

    [note] = dataset.pop("notes")
    assert note["text"] == "1 file left out, being no pictures that can be read (.mp4 1): pets/cat/film.mp4"
    assert dataset == {"name": "folder", "path": "uploads/abc"}
    sent = [request for request in server.requests if request.method == "PUT"]
    assert len(sent) == 2
    for request in sent:
        packed = request.body[request.body.index(b"\x1f\x8b") :]
        with tarfile.open(fileobj=io.BytesIO(gzip.GzipFile(fileobj=_Exact(packed)).read())) as archive:
            names = sorted(m.name for m in archive if m.isfile())
        assert names == ["cat/1.png", "dog/1.png"]


class _Exact(io.BytesIO):
    """A gzip file that the end of a multipart body follows: cut at its last boundary."""

    def __init__(self, data):
        super().__init__(data[: data.rindex(b"\r\n--")])


def test_a_spec_file_takes_its_space_along(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text("name: tiny\nresolution: 8\n")
    (tmp_path / "spec.yaml").write_text("dataset: digits\nspace: tiny.yaml\nmax_trials: 4\n")
    with scripted(lambda _: Answer(201, SEARCH)) as server, Client(server.url) as client:
        client.submit("spec.yaml", max_trials=8)

    assert server.requests[0].json == {
        "dataset": "digits",
        "space": {"name": "tiny", "resolution": 8},
        "max_trials": 8,
    }


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: [", "\x00"])
def test_a_spec_file_that_is_none_is_named(tmp_path, text):
    (tmp_path / "spec.yaml").write_text(text)
    with Client("http://127.0.0.1:9") as client, pytest.raises(SpecError, match=r"spec\.yaml"):
        client.submit(tmp_path / "spec.yaml")
