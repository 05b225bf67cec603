"""The client against the service itself; only the dispatcher is played."""

import asyncio
import hashlib
import inspect
import json
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from live_service import MODEL, SPEC, ask, ledger_of, play, service_on, take, tell
from processes import PATIENCE_S
from teachers import teacher

from api.app import create_app
from api.client import ApiError, AsyncClient, AsyncSearch, Client, Search
from api.client.operation import Operation, Streaming
from api.processes.supervisor import free_port
from nas.jobs.inquiries.record import InquiryState
from nas.jobs.records import File
from nas.service.artifact_store import ArtifactStore
from nas.service.settings import Settings

SEARCH_ID = "srch_" + "0" * 26
EXPORT_ID = "exp_" + "0" * 26
CHECK_ID = "chk_" + "0" * 26
SUGGESTION_ID = "sug_" + "0" * 26
CLIENT_CALLS = {
    "submit": {"max_trials": 0},
    "check": SPEC,
    "check_proxy": SPEC,
    "proxy_check_effort": SPEC,
    "proxy_check": {"check_id": CHECK_ID},
    "proxy_checks": {},
    "cancel_proxy_check": {"check_id": CHECK_ID},
    "wait_for_proxy_check": {"check_id": CHECK_ID},
    "suggest": {"dataset": "none"},
    "suggestion": {"suggestion_id": SUGGESTION_ID},
    "suggestions": {},
    "cancel_suggestion": {"suggestion_id": SUGGESTION_ID},
    "wait_for_suggestion": {"suggestion_id": SUGGESTION_ID},
    "prepared": {"dataset": {"name": "folder", "path": __file__}},
    "search": {"search_id": SEARCH_ID},
    "searches": {},
    "undelete": {"search_id": SEARCH_ID},
    "trial": {"trial_id": f"{SEARCH_ID}.0"},
    "export": {"export_id": EXPORT_ID},
    "download": {"artifact": "0" * 64},
    "catalogue": {},
    "presets": {},
    "compressors": {},
    "schema": {},
    "spaces": {},
    "space": {"name": "small"},
    "check_space": {"space": "small"},
    "decode": {"space": "small"},
    "devices": {},
    "device": {"name": "local-cpu-1t"},
    "estimate": {"device": "local-cpu-1t", "network": "1x28x28: gap linear_10"},
    "datasets": {},
    "disk": {},
    "uploads": {},
    "uploaded": {"path": f"uploads/{'0' * 64}"},
    "delete_upload": {"path": f"uploads/{'0' * 64}"},
    "upload": {"source": __file__},
    "send_teacher": {"model": __file__},
}
SEARCH_CALLS = {
    "refresh": {},
    "wait": {},
    "watch": {},
    "trials": {},
    "trial": {"number": 0},
    "columns": {},
    "to_pandas": {},
    "pareto": {},
    "winner": {},
    "correlations": {},
    "artifacts": {},
    "logs": {},
    "update": {"name": "x"},
    "pause": {},
    "resume": {},
    "cancel": {},
    "fork": {},
    "retarget": {},
    "delete": {},
    "export": {"trial": 0},
    "exports": {"trial": 0},
    "download": {"artifact": "0" * 64},
}
AT = "2026-11-23T10:00:00Z"
VALUE = {"id": SEARCH_ID, "state": "QUEUED", "max_trials": 1, "created_at": AT}


@pytest.fixture(scope="module")
def settings(service_home):
    return Settings(home=service_home, open=True)


@pytest.fixture(scope="module")
def url(settings):
    with service_on(settings) as url:
        yield url


@pytest.fixture
def client(url):
    with Client(url, patience_s=5) as client:
        yield client


def methods(kind):
    """The operations of a client or search, as they are written."""
    found = {name: getattr(kind, name) for name in dir(kind)}
    return {name: value.method for name, value in found.items() if isinstance(value, Operation | Streaming)}


@pytest.mark.parametrize(("kind", "asynchronous"), [(Client, AsyncClient), (Search, AsyncSearch)])
def test_both_clients_have_the_same_methods(kind, asynchronous):
    def public(kind):
        return {name for name in vars(kind).keys() | methods(kind).keys() if not name.startswith(("_", "model_"))}

    assert public(kind) == public(asynchronous)
    assert methods(kind) == methods(asynchronous)


def test_a_method_shows_its_parameters_and_what_it_does():
    with Client("http://127.0.0.1:9") as client:
        assert list(inspect.signature(client.decode).parameters) == ["space", "choices", "seed"]
        assert client.decode.__name__ == "decode"
        assert inspect.getdoc(client.decode) == inspect.getdoc(Client.decode) == inspect.getdoc(AsyncClient.decode)


def test_importing_the_client_loads_little_of_the_service():
    heavy = ("fastapi", "starlette", "sqlalchemy", "numpy", "torch", "onnx", "nas.spec", "latency_db")
    code = f"import sys, api.client; print([m for m in {heavy} if m in sys.modules])"

    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def called_by_client(url):
    """Each method is called once, with an id that nobody has; what it asks for is remembered, refused or not."""
    asked = {}
    with Client(url, patience_s=0) as client:
        search = Search.of(client._transport, VALUE)
        for owner, calls in ((client, CLIENT_CALLS), (search, SEARCH_CALLS)):
            for name, arguments in calls.items():
                seen = []
                client._transport._http.event_hooks["request"] = [
                    lambda request, seen=seen: seen.append((request.method, request.url.raw_path.decode()))
                ]
                with suppress(ApiError):
                    found = getattr(owner, name)(**arguments)
                    if inspect.isgenerator(found):
                        next(found, None)
                asked[type(owner).__name__, name] = seen
    return asked


def test_every_method_asks_for_what_the_service_documents(url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert methods(Client).keys() == CLIENT_CALLS.keys()
    assert methods(Search).keys() == SEARCH_CALLS.keys()
    paths = create_app(Settings(home=tmp_path, open=True)).openapi()["paths"]
    known = [
        (method.upper(), re.compile(re.sub(r"\\\{.*?\\\}", "[^/:?]+", re.escape(path)) + r"(\?.*)?"))
        for path, operations in paths.items()
        for method in operations
    ]

    for method, asked in called_by_client(url).items():
        assert asked, method
        for verb, path in asked:
            assert any(verb == v and pattern.fullmatch(path) for v, pattern in known), (method, verb, path)


def test_a_search_from_submission_to_model(client, settings, tmp_path):
    made = client.submit(SPEC, name="whole", labels={"a": "b"}, priority=3)
    assert (made.state, made.name, made.labels, made.priority) == ("QUEUED", "whole", {"a": "b"}, 3)
    assert play(settings) == made.id

    found = made.wait(timeout_s=PATIENCE_S)

    assert (found.state, found.ended, found.counts.done, found.counts.failed) == ("SUCCEEDED", True, 4, 1)
    assert (found.best.trial, found.best.reward) == (0, 0.8)
    trials = list(found.trials())
    assert [t.number for t in trials] == [0, 1, 2, 3]
    assert [t.on_front for t in trials] == [True, True, False, False]
    assert [t.number for t in found.trials(state="FAILED")] == [3]
    assert found.trial(0).diagram["nodes"]
    assert found.columns()["accuracy"][:3] == [0.8, 0.7, 0.6]
    front = found.pareto()
    assert [p.number for p in front.points] == [1, 0]
    assert front.references[0].label == "mobilenetv1"
    assert found.download(front.finalists[0], tmp_path).read_bytes() == MODEL
    assert (tmp_path / "model-a.onnx").exists()
    assert [a.file for a in found.artifacts()] == ["model-a.onnx"]
    assert [line["text"] for line in found.logs()] == ["begins", "epoch 1"]
    assert [line["text"] for line in found.logs(trial=0)] == ["epoch 1"]
    assert [e.seq for e in found.watch()] == list(range(1, found.last_seq + 1))
    for value in (found, trials[0], front):
        assert value._repr_html_()


def test_what_can_be_done_with_a_search(client):
    made = client.submit(SPEC)

    assert made.pause().state == "PAUSED"
    assert made.resume().state == "QUEUED"
    changed = made.update(name="new", max_trials=9)
    assert (changed.name, changed.max_trials) == ("new", 9)
    fork = changed.fork(max_trials=2, name="fork")
    assert (fork.parent_id, fork.max_trials, fork.spec["objective"]) == (made.id, 2, made.spec["objective"])
    assert [s.state for s in (made.cancel(), fork.cancel())] == ["CANCELLED", "CANCELLED"]
    made.delete()
    with pytest.raises(ApiError, match="NOT_FOUND"):
        made.refresh()
    assert client.undelete(made.id).id == made.id
    with pytest.raises(ApiError) as raised:
        made.resume()
    assert (raised.value.status, raised.value.reason) == (409, "STATE_TRANSITION")


def test_lists_are_read_page_by_page(client, monkeypatch):
    monkeypatch.setattr("api.client.calls.PAGE_SIZE", 2)
    made = [client.submit(SPEC, name=f"page {n}") for n in range(5)]

    found = list(client.searches(text="page "))

    assert [s.id for s in found] == [s.id for s in reversed(made)]
    assert {s.cancel().state for s in found} == {"CANCELLED"}


def test_an_export_is_waited_for(client, settings, tmp_path):
    made = client.submit(SPEC)
    play(settings)

    def export():
        with ledger_of(settings) as ledger:
            claim = None
            while claim is None:
                claim = ledger.claims.claim_export("the test")
            sha256, size = ArtifactStore(settings.artifacts, ledger.artifacts).add(MODEL)
            file = File("onnx", "model-b.onnx", "application/octet-stream", sha256, size)
            ledger.claims.end_export(claim.lease, "SUCCEEDED", file=file, metrics={"accuracy": 0.9})

    worker = threading.Thread(target=export)
    worker.start()
    try:
        found = made.export(1, epochs=2, timeout_s=PATIENCE_S)
    finally:
        worker.join()

    assert (found.state, found.trial_id, found.epochs) == ("SUCCEEDED", f"{made.id}.1", 2)
    assert client.export(found.id) == found
    assert client.download(found, tmp_path).name == "model-b.onnx"


def test_a_live_search_is_watched_by_both_clients(client, url, settings):
    made = client.submit(SPEC)
    watched = threading.Event()

    async def watch():
        async with AsyncClient(url) as second:
            found = await second.search(made.id)
            assert [t.number async for t in found.trials()] == []
            seen = []
            async for event in found.watch():
                seen.append(event.seq)
                watched.set()
            return seen, (await found.refresh()).state

    def dispatch():
        watched.wait(PATIENCE_S)
        with ledger_of(settings) as ledger:
            owner = take(ledger)
            ask(owner, 0)
            tell(owner, 0)
            owner.end("FAILED", "TESTED", "as the test says")

    worker = threading.Thread(target=dispatch)
    worker.start()
    try:
        seen, state = asyncio.run(watch())
    finally:
        worker.join()

    assert state == "FAILED"
    assert seen == [e.seq for e in made.watch()] == list(range(1, made.refresh().last_seq + 1))


def test_a_suggestion_is_asked_for_waited_for_and_submitted(client, settings):
    made = client.suggest("fashion_mnist_mini", target_latency_ms=0.5, hours=2)
    assert (made.state, made.request["hours"], made.result) == ("QUEUED", 2, None)
    assert client.suggestions()[0]["id"] == made.id
    with ledger_of(settings) as ledger:
        while (claim := ledger.inquiries.claim("the test")).inquiry.id != made.id:
            """Those of other tests are claimed before."""
        ledger.inquiries.end(claim.lease, InquiryState.SUCCEEDED, result={"spec": SPEC, "notes": ["one"]})

    found = client.wait_for_suggestion(made.id, timeout_s=PATIENCE_S)

    assert (found.state, found.result["notes"]) == ("SUCCEEDED", ["one"])
    assert client.suggestion(made.id) == found
    assert client.submit(found.result["spec"]).cancel().state == "CANCELLED"


def test_a_watch_outlives_the_service(settings):
    with Client(f"http://127.0.0.1:{(port := free_port('127.0.0.1', 0))}") as client, ThreadPoolExecutor() as pool:
        with service_on(settings, port):
            made = client.submit(SPEC)
            watched = made.watch()
            first = next(watched)
        rest = pool.submit(list, watched)
        play(settings)
        with service_on(settings, port):
            seen = [first, *rest.result(timeout=PATIENCE_S)]
            last = made.refresh().last_seq

    assert [event.seq for event in seen] == list(range(1, last + 1))


def test_the_teacher_of_a_spec_is_sent_with_it(client, tmp_path):
    (tmp_path / "big.onnx").write_bytes(teacher())
    path = tmp_path / "spec.yaml"
    for given in ("big.onnx", {"model": "big.onnx", "pixels": "0-1"}):
        path.write_text(json.dumps(SPEC | {"teacher": given}))

        sent = client.prepared(path)["teacher"]

        assert sent["model"] == f"teachers/{hashlib.sha256(teacher()).hexdigest()}/big.onnx"
        assert client.prepared(SPEC | {"teacher": sent})["teacher"] == sent, "what is there is named as it is"
    assert client.send_teacher(tmp_path / "big.onnx")["input"] == [None, 1, 8, 8]
