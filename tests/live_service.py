"""A real service on a free port, and a dispatcher that is played: what it writes is real, but nothing is trained."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

from fastapi import FastAPI

from api.app import create_app
from api.processes.server import server_of
from nas.jobs.ledger import Ledger
from nas.jobs.owner import SearchOwner
from nas.ops.notation import write_network
from nas.service.artifact_store import ArtifactStore
from nas.service.settings import Settings
from nas.spaces import load_space

SPEC = {"dataset": "fashion_mnist_mini", "max_trials": 4, "references": [], "objective": {"name": "constrained"}}
MODEL = b"a model" * 100
METRICS = [
    {"accuracy": 0.8, "latency_ms": 2.0, "params": 1000, "macs": 2_000_000},
    {"accuracy": 0.7, "latency_ms": 1.0, "params": 500, "macs": 1_000_000},
    {"accuracy": 0.6, "latency_ms": 3.0, "params": 700, "macs": 1_500_000},
]


@contextmanager
def service_on(settings: Settings, port: int | None = None, app: FastAPI | None = None) -> Iterator[str]:
    """The address of the API, served in a thread; port is a free one, app a new one if None."""
    with socket.socket(proto=socket.IPPROTO_TCP) as listening:  # asyncio sets TCP_NODELAY on such sockets alone
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port or 0))
        app = app or create_app(settings)
        server = server_of(app, settings)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not server.started and thread.is_alive():
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def ledger_of(settings: Settings) -> Iterator[Ledger]:
    ledger = Ledger(settings.database_url)
    try:
        ledger.migrate()
        yield ledger
    finally:
        ledger.close()


def submit(client: Any, **more: Any) -> dict[str, Any]:
    """Submit SPEC with these fields over HTTP; returns the search."""
    response = client.post("/v1/searches", json=SPEC | more)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


def take(ledger: Ledger, search_id: str | None = None) -> SearchOwner:
    """This search, or the next that waits; what other tests left before it is taken as well."""
    while True:
        claim = ledger.claims.claim("the test")
        assert claim is not None, "no search waits"
        if search_id in (None, claim.search.id):
            return SearchOwner(ledger, claim.lease)


def ask(owner: SearchOwner, number: int) -> None:
    """Begin a trial."""
    candidate = load_space("small").sample(Random(number))
    architecture = candidate.architecture
    described = {
        "architecture_id": architecture.id,
        "notation": write_network(architecture.expand()),
        "architecture": architecture.to_dict(),
        "choices": dict(candidate.choices),
    }
    owner.add({"event": "asked", "trial": number, "metrics": {}, **described})
    owner.started(number, "the test's worker")


def tell(owner: SearchOwner, number: int, **result) -> None:
    """End a trial, as METRICS says unless the result is given."""
    metrics = METRICS[number % len(METRICS)]
    known = {"state": "succeeded", "metrics": metrics, "reward": metrics["accuracy"], "reason": None}
    owner.told({"event": "told", "trial": number, **known, **result})


def play(settings: Settings, search_id: str | None = None, *, trials: int = 3, end: str | None = "SUCCEEDED") -> str:
    """Carry out this or the next search: so many trials, a failed one, a finalist and a log; returns its id."""
    with ledger_of(settings) as ledger:
        owner = take(ledger, search_id)
        for number in range(trials):
            ask(owner, number)
            tell(owner, number)
        ask(owner, trials)
        tell(owner, trials, state="failed", metrics={}, reward=None, reason="the loss is no number")
        owner.log([(None, "begins"), (0, "epoch 1")])
        sha256, size = ArtifactStore(settings.artifacts, ledger.artifacts).add(MODEL)
        owner.attach("onnx", "model-a.onnx", "application/octet-stream", sha256, size, trial=0)
        finalist = {"trial": 0, "id": "a", "file": "model-a.onnx", "sha256": sha256, "notation": "n"}
        owner.keep("finalists", [{**finalist, "metrics": METRICS[0] | {"test_accuracy": 0.79}}])
        owner.keep("references", [{"label": "mobilenetv1", "notation": "n", "metrics": METRICS[2]}])
        if end is not None:
            owner.end(end, None if end == "SUCCEEDED" else "TESTED", None if end == "SUCCEEDED" else "as the test says")
        return owner.lease.search_id


def play_scored(settings: Settings, search_id: str) -> None:
    """Carry out this search with ten trials of rising accuracy, whose naswot falls, and a failed one."""
    with ledger_of(settings) as ledger:
        owner = take(ledger, search_id)
        for number in range(10):
            ask(owner, number)
            ordered = {"accuracy": 0.1 * number, "naswot": 10.0 - number, "params": 100 * (number // 2 + 1)}
            tell(owner, number, metrics={"latency_ms": 1.0, "macs": 100 + number * number % 7, **ordered})
        ask(owner, 10)
        tell(owner, 10, state="failed", metrics={"macs": 5, "naswot": 1.0}, reward=None, reason="the loss is no number")
        owner.end("SUCCEEDED")
