"""Hostile requests on every route: never a fault of ours, always a problem."""

import json
import re
import threading

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.testclient import TestClient
from live_service import SPEC, play
from problem import assert_problem

from api.app import create_app
from api.http.body_limits import JSON_LIMIT
from api.http.problems import REASONS

JSON = "application/json"
BODIES = {
    "nan": (b'{"dataset": NaN, "key": NaN, "seed": NaN}', JSON),
    "infinity": (b'{"max_trials": -Infinity}', JSON),
    "overflow": (b'{"priority": 1e999}', JSON),
    "lone surrogate": (rb'{"dataset": "\ud800", "name": "\ud800", "key": "\ud800"}', JSON),
    "nul": (rb'{"dataset": "\u0000", "name": "\u0000", "key": "\u0000"}', JSON),
    "deep": (b"[" * 100_000, JSON),
    "deep objects": (b'{"space":' * 100_000, JSON),
    "digits": (b'{"seed": ' + b"9" * 5000 + b"}", JSON),
    "64 bits": (b'{"seed": 9223372036854775807, "max_trials": -9223372036854775808}', JSON),
    "wrong types": (
        b'{"dataset": [], "name": {}, "labels": 1, "key": 1, "space": 3, "choices": 1, "scopes": "x"}',
        JSON,
    ),
    "an array": (b"[[]]", JSON),
    "a number": (b"1", JSON),
    "null": (b"null", JSON),
    "a string": (b'"x"', JSON),
    "empty": (b"", JSON),
    "spaces": (b"   ", JSON),
    "not json": (b"dataset: x", JSON),
    "latin-1": ('{"dataset": "é"}'.encode("latin-1"), JSON),
    "duplicate keys": (b'{"dataset": "mnist", "dataset": {"name": 1}}', JSON),
    "plugin of nulls": (b'{"dataset": {"name": null}, "objective": {"name": []}, "references": [{"name": {}}]}', JSON),
    "text": (b'{"dataset": "mnist"}', "text/plain"),
    "form": (b"dataset=mnist", "application/x-www-form-urlencoded"),
    "multipart": (b"--b\r\n\r\n\r\n--b--", "multipart/form-data; boundary=b"),
    "multipart without boundary": (b"x", "multipart/form-data"),
    "odd type": (b"{}", "\xff/;;=,"),
    "no type": (b"{}", ""),
    "problem+json": (b"{}", "application/problem+json"),
    "10 MB": (b'{"name": "' + b"x" * 10_000_000 + b'"}', JSON),
}
QUERIES = (
    "?page_size=0&limit=-1&after=x&after_seq=1e9&from_seq=99999999999999999999",
    "?page_token=%00&text=%00&state=%00&order_by=%00&format=%00&filename=%00",
    "?page_token=%ff%fe&text=%ed%a0%80&filename=%ed%a0%80&after_seq=%ff",
    "?page_size=9223372036854775808&limit=1" + "0" * 5000,
    "?" + "a=1&" * 2000,
    "?validate_only=maybe&until_end=perhaps",
)
NAMES = ("%00", "..%2f..%2fetc%2fpasswd", "%ed%a0%80", "%ff", "x" * 5000, "srch_" + "0" * 26, "%F0%9F%90%8B", "'; --")
HEADERS = {
    "if-match": '"\xff"',
    "last-event-id": "\xff",
    "range": "bytes=" + "0-," * 500,
    "idempotency-key": "\xff\xfe",
}


@pytest.fixture(scope="module")
def client(shared_settings):
    app = create_app(shared_settings)
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        client.existing = client.post("/v1/searches", json=SPEC).json()["id"]
        play(shared_settings)
        yield client


@pytest.fixture(scope="module")
def addresses(client):
    """Every operation with ids that exist, as (method, URL); event streams as pages, which end."""
    found = []
    ids = {"search_id": client.existing, "trial_id": f"{client.existing}.0", "name": "small"}
    for context in iter_route_contexts(client.app.routes):
        if isinstance(context.original_route, APIRoute):
            url = re.sub(r"\{(\w+)\}", lambda match: ids.get(match[1], "0"), context.path_format)
            url += "?format=json" if url.endswith("/events") else ""
            found += [(method, url) for method in sorted(context.methods)]
    return found


def ask(client, method, url, **request):
    """The answer; a search that the request deleted is brought back for the next one."""
    answer = client.request(method, url, **request)
    if method == "DELETE" and answer.status_code == 204:
        client.post(f"/v1/searches/{client.existing}:undelete")
    return answer


def assert_answered(response, *case):
    assert response.status_code < 500, (*case, response.text)
    if response.status_code >= 400:
        body = json.loads(response.text)
        assert response.headers["content-type"] == "application/problem+json", case
        assert REASONS[body["reason"]].status == response.status_code == body["status"], case
        assert body["request_id"] == response.headers["x-request-id"], case


@pytest.mark.parametrize("name", BODIES)
def test_no_body_makes_any_route_fail(client, addresses, name):
    body, media = BODIES[name]
    headers = {"Content-Type": media.encode("latin-1")} if media else {}
    for method, url in addresses:
        answer = ask(client, method, url, content=body, headers=headers)
        assert_answered(answer, method, url)
        assert "\\ud800" not in answer.text
        assert "xxxxxxxx" not in answer.text


SECRET = "nas_" + "aB3" * 14 + "x_0aZ9bY"
SECRETS = (
    {SECRET: 1},
    {**SPEC, SECRET: 1},
    {**SPEC, "objective": {"name": "constrained", SECRET: 1}},
    {**SPEC, "objective": {"name": SECRET}},
    {**SPEC, "labels": {SECRET: SECRET, "x": 1}},
    {**SPEC, "space": {"name": "own", "stages": [{SECRET: 1}], SECRET: {SECRET: [SECRET]}}},
    {**SPEC, "dataset": SECRET, "device": SECRET},
    {"space": SECRET, "choices": {SECRET: -1}},
    {"device": SECRET, "network": SECRET, "networks": [SECRET, 1]},
    {"name": "x", "scopes": [SECRET], "expires_at": SECRET},
    {"machine": SECRET, "run": SECRET, "facts": {SECRET: 1}, "devices": [{SECRET: 1}]},
    {"sessions": [{SECRET: 1}], "failures": [{SECRET: 1, "request": SECRET}]},
)


def test_no_message_has_a_secret_that_was_sent_in_the_wrong_place(client, addresses):
    for method, url in addresses:
        for body in SECRETS if method in {"POST", "PATCH"} else ():
            answer = ask(client, method, url, json=body, headers={"If-Match": "*"})
            assert answer.is_success or SECRET not in answer.text, (method, url, body)


@pytest.mark.parametrize(
    "body",
    [
        {f"{'x' * 10}{number}": 0 for number in range(9_000)},
        SPEC | {"references": [0] * 9_000},
        SPEC | {"objective": {"name": "constrained"} | {f"field_{number}": 0 for number in range(9_000)}},
        [[]] * 200_000,
    ],
    ids=["fields", "items", "parameters", "values"],
)
def test_a_large_body_has_no_larger_answer(client, body):
    for path in ("searches", "spaces:decode", f"searches/{client.existing}:fork"):
        answer = client.post(f"/v1/{path}", json=body)
        assert 400 <= answer.status_code < 500
        assert_answered(answer, path)
        assert len(answer.content) < 20_000, path


def test_no_query_or_header_makes_any_route_fail(client, addresses):
    headers = {name: value.encode("latin-1") for name, value in HEADERS.items()}
    for method, url in addresses:
        for query in QUERIES:
            more = query.replace("?", "&") if "?" in url else query
            body = {"json": {}} if method in {"POST", "PATCH"} else {}
            assert_answered(ask(client, method, url + more, **body), method, url, query)
        assert_answered(ask(client, method, url, headers=headers), method, url)


def test_no_name_in_a_path_makes_any_route_fail(client):
    for context in iter_route_contexts(client.app.routes):
        if not isinstance(context.original_route, APIRoute) or "{" not in context.path_format:
            continue
        for method in context.methods:
            for name in NAMES:
                url = re.sub(r"\{\w+\}", lambda _, name=name: name, context.path_format)
                body = {"json": {}} if method in {"POST", "PATCH"} else {}
                assert_answered(client.request(method, url, **body), method, url)


def test_paths_that_are_no_routes_are_problems(client):
    for path in ("/v1", "/v1/", "/v1/searches/", "/nothing", "/%00", "/..%2f..%2fetc/passwd", "/docs/../../x", "//x"):
        for method in ("GET", "POST", "DELETE", "BREW"):
            assert_answered(client.request(method, path), method, path)
    assert_problem(client.get("/v1/searches/"), 404, "NOT_FOUND")


def test_a_body_may_not_be_larger_than_its_limit_however_it_is_sent(client):
    large = b'"' + b"x" * JSON_LIMIT + b'"'

    for body in (large, iter([large[: JSON_LIMIT // 2]] * 3)):
        refused = client.post("/v1/searches", content=body, headers={"Content-Type": JSON})
        assert_problem(refused, 413, "BODY_TOO_LARGE")


def test_the_search_was_there_all_along(client):
    assert client.get(f"/v1/searches/{client.existing}").json()["state"] == "SUCCEEDED"


def test_routes_survive_requests_that_come_at_once(client, addresses):
    failed = []

    def attack(number):
        for method, url in addresses[number::8]:
            for name in ("deep", "nan", "wrong types"):
                body, media = BODIES[name]
                answer = ask(client, method, url, content=body, headers={"Content-Type": media})
                if answer.status_code >= 500:
                    failed.append((method, url, answer.text))

    threads = [threading.Thread(target=attack, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
