"""Who may do what: every route against every kind of caller, sessions, and pages of other sites."""

import re
from datetime import UTC, datetime, timedelta
from functools import partial

import anyio
import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.testclient import TestClient
from live_service import SPEC
from problem import assert_problem

from api.app import create_app
from api.http import event_stream
from api.http.event_stream import EventStreams
from api.http.security import COOKIE, Needs, Principal
from nas.errors import SpecError
from nas.service.settings import Settings, read_settings

PUBLIC = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/v1/session"),
    ("POST", "/v1/session"),
    ("DELETE", "/v1/session"),
    ("GET", "/docs"),
    ("GET", "/docs/problems"),
    ("GET", "/docs/style.css"),
    ("GET", "/"),
}
ADMINS = {("GET", "/v1/keys"), ("POST", "/v1/keys"), ("DELETE", "/v1/keys/{key_id}"), ("POST", "/v1/devices")}
ADMINS |= {("POST", "/v1/agents/{agent_id}:renew"), ("DELETE", "/v1/agents/{agent_id}")}
AGENTS = ("/v1/agents:", "/v1/agents/", "/v1/models/")
READING_POSTS = {"/v1/spaces:decode", "/v1/spaces:check", "/v1/latency:estimate", "/v1/latency:estimate-file"}
RANKS = {"agent": 0, "read": 1, "write": 2, "admin": 3}
FILLED = {
    "search_id": "srch_" + "0" * 26,
    "trial_id": "srch_" + "0" * 26 + ".0",
    "export_id": "exp_" + "0" * 26,
    "check_id": "chk_" + "0" * 26,
    "suggestion_id": "sug_" + "0" * 26,
    "key_id": "key_" + "0" * 26,
    "agent_id": "agt_" + "0" * 26,
    "batch_id": "bat_" + "0" * 26,
    "sha256": "0" * 64,
    "name": "small",
}


@pytest.fixture(scope="module")
def app(service_home):
    return create_app(Settings(home=service_home))


@pytest.fixture(scope="module")
def client(app):
    with TestClient(app, base_url="http://127.0.0.1") as client:
        yield client


@pytest.fixture(scope="module")
def secrets(client):
    """By caller, the secret that it sends."""
    keys = client.app.state.shared.ledger.keys
    made = {scope: keys.create(scope, [scope])[1] for scope in RANKS}
    expired = keys.create("expired", ["admin"], datetime.now(UTC) - timedelta(seconds=1))[1]
    revoked_key, revoked = keys.create("revoked", ["admin"])
    keys.revoke(revoked_key.id)
    return {"nobody": None, "unknown": "nas_" + "0" * 43 + "_000000", "expired": expired, "revoked": revoked} | made


def operations(app):
    """Method, path template and the scopes that its dependencies ask for."""
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, APIRoute):
            for method in context.methods:
                yield method, context.path_format, {found.scope for found in needs(context.dependant)}


def needs(dependant):
    for inner in dependant.dependencies:
        if isinstance(inner.call, Needs):
            yield inner.call
        yield from needs(inner)


def expected_scope(method, path):
    if (method, path) in PUBLIC:
        return None
    if (method, path) in ADMINS:
        return "admin"
    if path.startswith(AGENTS):
        return "agent"
    return "read" if method == "GET" or path in READING_POSTS else "write"


def allowed(caller, scope):
    """Whether a key of one scope may do what asks for another: an agent measures and nothing else."""
    return caller in {"agent", "admin"} if scope == "agent" else RANKS[caller] >= RANKS[scope]


def test_every_route_asks_for_the_scope_it_should(app):
    found = {(method, path): scopes for method, path, scopes in operations(app)}

    assert len(found) > 40
    for (method, path), scopes in found.items():
        scope = expected_scope(method, path)
        assert scopes == ({scope} if scope else set()), (method, path)


def test_every_route_answers_every_caller_as_it_should(app, client, secrets):
    for method, path, _ in operations(app):
        url = re.sub(r"\{(\w+)\}", lambda match: FILLED[match[1]], path)
        scope = expected_scope(method, path)
        for caller, secret in secrets.items():
            headers = {"Authorization": f"Bearer {secret}"} if secret else {}
            status = client.request(method, url, headers=headers).status_code
            case = (method, path, caller, status)
            if scope is None:
                assert status in {200, 204, 404, 422} or (method == "GET" and status == 401 and secret), case
            elif caller not in RANKS:
                assert status == 401, case
            elif not allowed(caller, scope):
                assert status == 403, case
            else:
                assert status not in {401, 403}, case
                assert status < 500, case


def test_refusals_are_problems_that_say_what_is_missing(client, secrets):
    refused = client.get("/v1/searches")
    assert_problem(refused, 401, "KEY_MISSING")
    assert refused.headers["www-authenticate"] == "Bearer"
    for caller in ("unknown", "expired", "revoked"):
        headers = {"Authorization": f"Bearer {secrets[caller]}"}
        assert secrets[caller] not in client.get("/v1/searches", headers=headers).text
        assert_problem(client.get("/v1/searches", headers=headers), 401, "KEY_INVALID")
    for odd in ("Basic YTpi", "nas_x", "Bearer", "Bearer é".encode()):
        assert_problem(client.get("/v1/searches", headers={"Authorization": odd}), 401, "KEY_INVALID")
    read = {"Authorization": f"Bearer {secrets['read']}"}
    body = assert_problem(client.post("/v1/searches", json=SPEC, headers=read), 403, "SCOPE_MISSING")
    assert "`write`" in body["detail"]


def test_a_session_is_a_key_in_a_cookie_that_pages_cannot_read(client, app, secrets):
    keys = app.state.shared.ledger.keys
    key, secret = keys.create("dashboard", ["write"])

    assert_problem(client.post("/v1/session", json={"key": secrets["expired"]}), 401, "KEY_INVALID")
    signed = client.post("/v1/session", json={"key": secret})
    try:
        assert signed.json() == {"open": False, "scopes": ["read", "write"]}
        cookie = signed.headers["set-cookie"]
        assert secret not in cookie
        assert {"HttpOnly", "SameSite=strict", "Path=/", "Max-Age=604800"} <= set(cookie.split("; "))
        assert client.get("/v1/session").json() == {"open": False, "scopes": ["read", "write"]}
        assert client.post("/v1/searches", json=SPEC).status_code == 201
        assert_problem(client.get("/v1/keys"), 403, "SCOPE_MISSING")

        keys.revoke(key.id)
        assert_problem(client.get("/v1/searches"), 401, "KEY_INVALID")
        client.delete("/v1/session")
        assert COOKIE not in client.cookies
        assert client.get("/v1/session").json() == {"open": False, "scopes": []}
    finally:
        client.cookies.clear()


def test_a_copied_cookie_reads_nothing_after_sign_out(client, secrets):
    value = client.post("/v1/session", json={"key": secrets["read"]}).cookies[COOKIE]
    client.cookies.clear()
    copied = {"Cookie": f"{COOKIE}={value}"}
    other = {"Cookie": f"{COOKIE}={client.post('/v1/session', json={'key': secrets['read']}).cookies[COOKIE]}"}
    client.cookies.clear()
    assert client.get("/v1/searches", headers=copied).status_code == 200

    assert client.delete("/v1/session", headers=copied).status_code == 204

    assert_problem(client.get("/v1/searches", headers=copied), 401, "KEY_INVALID")
    assert client.get("/v1/searches", headers=other).status_code == 200


@pytest.mark.parametrize("end", ["sign out", "revoke"])
def test_a_stream_ends_with_its_session_or_key(client, app, monkeypatch, end):
    keys = app.state.shared.ledger.keys
    key, secret = keys.create("viewer", ["write"])
    bearer = {"Authorization": f"Bearer {secret}"}
    search_id = client.post("/v1/searches", json=SPEC, headers=bearer).json()["id"]
    session = client.post("/v1/session", json={"key": secret}).cookies[COOKIE]
    client.cookies.clear()
    found = app.state.shared.ledger.sessions.key(session)
    caller = Principal(found, partial(app.state.shared.ledger.sessions.key, session))
    monkeypatch.setattr(event_stream, "PING_S", 0.0)
    monkeypatch.setattr(event_stream, "POLL_S", 0.0)

    async def read():
        search = app.state.shared.ledger.searches.get(search_id)
        streams = EventStreams(app.state.shared.ledger.events)
        stream = streams.stream(search, 0, until_end=False, allowed=partial(caller.still_allows, "read"))
        assert [await anext(stream) for _ in range(2)][1].startswith(b"event: search.created")
        if end == "revoke":
            keys.revoke(key.id)
        else:
            app.state.shared.ledger.sessions.end(session)
        assert [part async for part in stream if not part.startswith(b":")] == []

    anyio.run(read)


def test_a_cookie_that_was_not_made_here_is_refused(client, secrets):
    signed = client.post("/v1/session", json={"key": secrets["admin"]})
    value = signed.cookies[COOKIE]
    client.cookies.clear()

    for forged in (value[:-8] + "AAAAAAAA", "x", value + "A"):
        refused = client.get("/v1/searches", headers={"Cookie": f"{COOKIE}={forged}"})
        assert_problem(refused, 401, "KEY_INVALID")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://127.0.0.1:81"},
    ],
)
def test_pages_of_other_sites_change_nothing(client, secrets, headers):
    signed = client.post("/v1/session", json={"key": secrets["write"]})
    cookie = {"Cookie": f"{COOKIE}={signed.cookies[COOKIE]}"}
    client.cookies.clear()

    assert_problem(client.post("/v1/searches", json=SPEC, headers=headers | cookie), 403, "CROSS_SITE")
    assert_problem(client.post("/v1/session", json={"key": secrets["read"]}, headers=headers), 403, "CROSS_SITE")
    bearer = {"Authorization": f"Bearer {secrets['write']}"}
    assert client.post("/v1/searches", json=SPEC, headers=headers | bearer).status_code == 201
    own = {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/v1/searches", json=SPEC, headers=own | cookie).status_code == 201


def test_an_open_service_answers_loopback_names_and_its_own_pages_alone(tmp_path):
    with TestClient(create_app(Settings(home=tmp_path, open=True)), base_url="http://127.0.0.1") as client:
        for host in ("localhost", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST"):
            assert client.get("/v1/searches", headers={"Host": host}).status_code == 200
        for host in ("evil.example", "127.0.0.1.evil.example", "localhost.", "", "[", "10.0.0.1"):
            assert_problem(client.get("/v1/searches", headers={"Host": host}), 403, "HOST_REFUSED")
        foreign = {"Origin": "http://evil.example"}
        assert_problem(client.post("/v1/searches", json=SPEC, headers=foreign), 403, "CROSS_SITE")
        form = {"Content-Type": "text/plain"}
        refused = client.post("/v1/searches", content='{"dataset": "fashion_mnist_mini"}', headers=form)
        assert_problem(refused, 415, "MEDIA_TYPE_UNSUPPORTED")
        assert client.get("/v1/searches").json()["items"] == []


@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host"])
def test_an_open_service_behind_a_proxy_answers_the_names_it_is_told(tmp_path, header):
    settings = Settings(home=tmp_path, open=True, allowed_hosts="nas.example.org, [2001:db8::1]")
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        for host in ("nas.example.org", "NAS.example.org:8443", "[2001:db8::1]:8000", "localhost"):
            headers = {header: host, "Origin": f"https://{host}"}
            assert client.post("/v1/searches", json=SPEC, headers=headers).status_code == 201
        refused = client.get("/v1/searches", headers={header: "other.example.org"})
        assert_problem(refused, 403, "HOST_REFUSED")
        assert "NAS_ALLOWED_HOSTS" in refused.json()["detail"]


def test_a_page_behind_a_proxy_that_sends_another_host_name_may_change_what_its_user_may(client, secrets):
    """By the name that the proxy forwards, by the browser's word, or by the setting; else the refusal names that."""
    signed = client.post("/v1/session", json={"key": secrets["write"]})
    cookie = {"Cookie": f"{COOKIE}={signed.cookies[COOKIE]}", "Origin": "https://nas.example.org"}
    client.cookies.clear()
    for told in ({"X-Forwarded-Host": "nas.example.org"}, {"Sec-Fetch-Site": "same-origin"}):
        assert client.post("/v1/searches", json=SPEC, headers=cookie | told).status_code == 201
    refused = client.post("/v1/searches", json=SPEC, headers=cookie)
    assert_problem(refused, 403, "CROSS_SITE")
    assert "NAS_ALLOWED_HOSTS" in refused.json()["detail"]
    for told in (
        {"X-Forwarded-Host": "nas.example.org", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        assert_problem(client.post("/v1/searches", json=SPEC, headers=cookie | told), 403, "CROSS_SITE")


@pytest.mark.parametrize(
    ("given", "path"), [("nas", "/nas"), ("/nas/", "/nas"), ("/", ""), ("/user/me%40here/proxy/8000", None)]
)
def test_below_a_path_the_page_finds_its_files_at_any_depth(tmp_path, given, path):
    """The path without its slash leads to the page; the address of the service itself goes on to work."""
    settings = Settings(home=tmp_path, open=True, root_path=given)
    root = given if path is None else path
    assert settings.root_path == root
    html = {"Accept": "text/html"}
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        for before in {root, ""}:
            for below, up in (("/", "./"), ("/new", "./"), ("/searches/a%2Fb", "../"), ("/searches/a/", "../../")):
                page = client.get(before + below, headers=html)
                assert page.status_code == 200
                assert f'<meta name="root" content="{up}" />' in page.text
                assert f'src="{up}assets/' in page.text
            assert_problem(client.get(f"{before}/v1/nothing"), 404, "NOT_FOUND")
        if root:
            assert str(client.get(root, headers=html).url) == f"http://127.0.0.1{root}/"
            assert client.get(f"{root}else", headers={"Accept": "application/json"}).status_code == 404


def test_a_root_path_that_is_none_is_refused(monkeypatch):
    monkeypatch.setenv("NAS_ROOT_PATH", "https://nas.example.org/nas")
    with pytest.raises(SpecError, match=r"NAS_ROOT_PATH|root_path"):
        read_settings()


def test_every_answer_has_the_headers_that_confine_a_page(client):
    for path in ("/", "/docs", "/v1/searches", "/nothing", "/healthz"):
        headers = client.get(path, headers={"X-Request-Id": "mine-1"}).headers
        assert headers["x-request-id"] == "mine-1"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
    odd = client.get("/healthz", headers={"X-Request-Id": "a b\tc" * 40}).headers["x-request-id"]
    assert re.fullmatch("[0-9a-f]{32}", odd)


def test_a_secret_is_shown_once_and_expiry_needs_a_zone(client, secrets):
    admin = {"Authorization": f"Bearer {secrets['admin']}"}

    made = client.post("/v1/keys", json={"name": "ci", "scopes": ["read"]}, headers=admin)

    assert made.status_code == 201
    secret = made.json()["secret"]
    assert secret not in client.get("/v1/keys", headers=admin).text
    assert client.get("/v1/searches", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    assert client.delete(f"/v1/keys/{made.json()['id']}", headers=admin).json()["revoked_at"] is not None
    assert client.get("/v1/searches", headers={"Authorization": f"Bearer {secret}"}).status_code == 401
    for wrong in ({"name": "x", "expires_at": "2030-01-01T00:00:00"}, {"name": "x", "scopes": []}, {"name": ""}):
        assert_problem(client.post("/v1/keys", json=wrong, headers=admin), 422, "REQUEST_INVALID")
