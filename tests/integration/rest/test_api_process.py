"""The API as a process of its own: light, quick to end, and safe against impatient clients."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter

import httpx2
import pytest
from live_service import SPEC, ledger_of
from processes import PATIENCE_S, alive

from nas.service.settings import Settings

HEAVY = ("torch", "ray", "pandas", "onnxruntime", "onnx", "optuna", "matplotlib", "scipy", "pyarrow")
LOADED = """
import json, os, sys
from pathlib import Path
from fastapi.testclient import TestClient
from api.app import create_app
from nas.service.settings import Settings
spec = {"dataset": "fashion_mnist_mini", "max_trials": 2}
with TestClient(create_app(Settings(home=Path(sys.argv[1]), open=True)), base_url="http://localhost") as client:
    for path in ("/healthz", "/readyz", "/openapi.json", "/docs", "/v1/searches", "/v1/spaces"):
        assert client.get(path).status_code == 200, path
    made = client.post("/v1/searches", json=spec)
    assert made.status_code == 201, made.text
    for name in ("events?format=json", "trials:columns", "pareto"):
        assert client.get(f"{made.headers['location']}/{name}").status_code == 200, name
print(json.dumps(sorted(module for module in sys.modules if "." not in module)))
"""
DUPLICATES = 250
AT_ONCE = DUPLICATES


@pytest.fixture
def environment(tmp_path):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NAS_", "DATABASE", "COV"))}
    return kept | {"NAS_HOME": str(tmp_path), "NAS_LATENCY_DB": str(tmp_path / "latency.db"), "NAS_PORT": "0"}


@pytest.fixture
def started(environment):
    """Starts `python -m api`; returns the process and its address."""
    processes = []

    def start(**more):
        command = [sys.executable, "-m", "api"]
        process = subprocess.Popen(command, env=environment | more, stderr=subprocess.PIPE, text=True)
        processes.append(process)
        for line in process.stderr:
            if found := re.search(r"running on (http://\S+)", line):
                return process, found[1]
        raise AssertionError("the API ended before it listened")

    yield start
    for process in processes:
        process.kill()
        process.wait()
        process.stderr.close()


def test_the_api_serves_without_loading_what_trains(environment, tmp_path):
    run = [sys.executable, "-W", "error", "-c", LOADED, str(tmp_path)]
    done = subprocess.run(run, capture_output=True, text=True, env=environment, check=False, timeout=PATIENCE_S)

    assert done.returncode == 0, done.stderr
    assert not set(HEAVY) & set(json.loads(done.stdout))


def test_sigterm_ends_the_process_although_streams_are_open(started):
    process, url = started(NAS_OPEN="true")
    search_id = httpx2.post(f"{url}/v1/searches", json=SPEC, timeout=PATIENCE_S).json()["id"]

    async def read(client, begun):
        text = ""
        async with client.stream("GET", f"/v1/searches/{search_id}/events") as stream:
            async for part in stream.aiter_text():
                text += part
                if "search.created" in text:
                    begun.set()
        return text

    async def watch():
        begun = [asyncio.Event() for _ in range(20)]
        async with httpx2.AsyncClient(base_url=url, timeout=PATIENCE_S) as client:
            streams = [asyncio.create_task(read(client, event)) for event in begun]
            for event in begun:
                await event.wait()
            process.send_signal(signal.SIGTERM)
            return await asyncio.gather(*streams)

    texts = asyncio.run(watch())

    assert all("event: search.created" in text for text in texts)
    assert process.wait(PATIENCE_S) in {0, -signal.SIGTERM}


def test_the_process_ends_with_its_parent(environment):
    code = (
        "import os, subprocess, sys\n"
        "os.environ['NAS_PARENT_PID'] = str(os.getpid())\n"
        "child = subprocess.Popen([sys.executable, '-m', 'api'], stderr=subprocess.PIPE, text=True)\n"
        "line = next(line for line in child.stderr if 'running on' in line)\n"
        "print(child.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    run = [sys.executable, "-c", code]
    parent = subprocess.run(run, capture_output=True, text=True, env=environment, check=False, timeout=PATIENCE_S)
    child = int(parent.stdout)

    deadline = time.monotonic() + PATIENCE_S
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)

    assert parent.returncode == -signal.SIGKILL
    assert not alive(child)


def test_an_open_service_listens_on_loopback_alone(environment):
    more = {"NAS_OPEN": "true", "NAS_HOST": "0.0.0.0"}  # noqa: S104 - what must be refused
    run = [sys.executable, "-m", "api"]
    done = subprocess.run(run, capture_output=True, text=True, env=environment | more, check=False, timeout=PATIENCE_S)

    assert done.returncode != 0
    assert "without a key" in done.stderr
    assert "Traceback" not in done.stderr


def test_hundreds_of_duplicates_at_once_make_one_search(started, tmp_path):
    _, url = started(NAS_OPEN="true")

    async def post(client, gate, spec):
        async with gate:
            answer = await client.post("/v1/searches", json=spec, headers={"Idempotency-Key": "once"})
        return answer.status_code, answer.headers.get("idempotent-replay"), answer.json().get("id")

    async def flood():
        gate = asyncio.Semaphore(AT_ONCE)
        limits = httpx2.Limits(max_connections=AT_ONCE)
        async with httpx2.AsyncClient(base_url=url, timeout=PATIENCE_S, limits=limits) as client:
            answers = await asyncio.gather(*(post(client, gate, SPEC) for _ in range(DUPLICATES)))
            other = await post(client, gate, SPEC | {"seed": 5})
        return answers, other

    answers, other = asyncio.run(flood())

    assert Counter(status for status, _, _ in answers) == {201: DUPLICATES}
    assert Counter(replay for _, replay, _ in answers) == {None: 1, "true": DUPLICATES - 1}
    assert len({search_id for _, _, search_id in answers}) == 1
    assert other[0] == 422
    with ledger_of(Settings(home=tmp_path)) as ledger:
        assert len(ledger.searches.page()) == 1


def test_what_was_acknowledged_survives_a_kill(started):
    process, url = started(NAS_OPEN="true")
    key = {"Idempotency-Key": "k"}
    with httpx2.Client(base_url=url, timeout=PATIENCE_S) as client:
        made = [client.post("/v1/searches", json=SPEC | {"seed": seed}).json()["id"] for seed in range(5)]
        first = client.post("/v1/searches", json=SPEC, headers=key).json()["id"]
    process.kill()
    process.wait()

    _, url = started(NAS_OPEN="true")

    with httpx2.Client(base_url=url, timeout=PATIENCE_S) as client:
        assert client.post("/v1/searches", json=SPEC, headers=key).json()["id"] == first
        assert [row["id"] for row in client.get("/v1/searches").json()["items"]] == [first, *made[::-1]]
