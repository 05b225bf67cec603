"""The service as its users have it: `nas serve`, real trainings, a real database, results taken away over HTTP."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from processes import PATIENCE_S
from whole_service import SPEC, environment, free_port, process

from api.client import Client
from latency_db.devices.runtime import runtime
from nas.dataset import load

ROOT = Path(__file__).parents[2]
TRIALS = 8
"""All networks of the space: in which order they are asked for depends on which trials end together."""
WHOLE = SPEC | {"max_trials": TRIALS, "objective": SPEC["objective"] | {"target_latency_ms": 100.0}}
"""Its target is far above all latencies, so that who wins does not follow from what was measured on a busy machine."""


@pytest.fixture(scope="module")
def latency_db(tmp_path_factory):
    return tmp_path_factory.mktemp("latency") / "latency.db"


@pytest.fixture(scope="module")
def client(tmp_path_factory, latency_db):
    """A service with embedded defaults, but processes as workers, which start faster than Ray."""
    port = free_port()
    options = ("--open", "--port", str(port), "--executor", "process", "--workers", "2")
    with (
        process("serve", *options, environment=environment(tmp_path_factory.mktemp("home"), latency_db)),
        Client(f"http://127.0.0.1:{port}", patience_s=PATIENCE_S) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def search(client):
    """One search, watched to its end."""
    search = client.submit(WHOLE, name="first", labels={"kind": "acceptance"})
    events = list(search.watch())
    return search.refresh(), events


def test_a_search_submitted_over_http_ends_with_its_trials(search):
    found, events = search

    assert found.state == "SUCCEEDED", found.state_message
    assert (found.counts.trials, found.counts.succeeded) == (TRIALS, TRIALS)
    assert [event.seq for event in events] == list(range(1, found.last_seq + 1))
    assert sum(event.type == "trial.told" for event in events) == TRIALS
    assert [trial.number for trial in found.trials()] == list(range(TRIALS))
    assert found.best.reward == max(trial.reward for trial in found.trials())


def test_the_winner_runs_in_onnxruntime_as_accurately_as_was_said(search, tmp_path):
    found, _ = search
    (finalist,) = found.pareto().finalists
    images = load("fashion_mnist_mini", seed=0)

    path = found.download(finalist, tmp_path / "winner.onnx")

    session = onnxruntime.InferenceSession(path)
    x = (images.test.images / 255 - images.mean) / images.std
    (scores,) = session.run(None, {"image": x.transpose(0, 3, 1, 2).astype(np.float32)})
    accuracy = float((scores.argmax(1) == images.test.labels).mean())
    assert accuracy == pytest.approx(finalist.metrics["test_accuracy"], abs=0.001)
    assert finalist.metrics["latency_ms"] > 0


def test_the_front_stands_beside_measured_references(search):
    found, _ = search
    pareto = found.pareto()

    assert {point.number for point in pareto.points} == {t.number for t in found.trials() if t.on_front}
    (reference,) = pareto.references
    assert reference.metrics["latency_ms"] > 0
    assert reference.metrics["test_accuracy"] > 0.1


def test_nothing_is_trained_twice(search, client):
    """The same spec again takes every network from the first search; another device would too."""
    first, _ = search

    again = client.submit(WHOLE, name="again").wait(timeout_s=PATIENCE_S)

    assert again.state == "SUCCEEDED", again.state_message
    assert again.counts.reused == again.counts.succeeded == TRIALS
    accuracies = [{t.architecture_id: t.metrics["accuracy"] for t in one.trials()} for one in (first, again)]
    assert accuracies[0] == accuracies[1]
    assert again.pareto().finalists[0].metrics["test_accuracy"] == first.pareto().finalists[0].metrics["test_accuracy"]


def test_any_trial_can_be_exported(search, tmp_path):
    found, _ = search
    finalist = found.pareto().finalists[0].trial
    other = next(trial.number for trial in found.trials() if trial.number != finalist)

    export = found.export(other, epochs=1, timeout_s=PATIENCE_S)

    assert export.state == "SUCCEEDED", export.reason
    path = found.download(export, tmp_path / "other.onnx")
    assert onnxruntime.InferenceSession(path).get_inputs()[0].shape[1:] == [1, 28, 28]

    converted = found.export(other, epochs=1, file_format="tflite", timeout_s=PATIENCE_S)

    lacking = runtime.make("litert").unavailable()
    assert (converted.state, lacking or "") in {("SUCCEEDED", ""), ("FAILED", lacking)}, converted.reason
    if lacking:
        assert converted.reason.startswith(lacking)
    else:
        assert converted.metrics["test_accuracy"] == pytest.approx(export.metrics["test_accuracy"], abs=0.01)
        assert found.download(converted, tmp_path).suffix == ".tflite"


def test_a_search_can_be_paused_resumed_and_cancelled(client):
    longer = {**SPEC, "seed": 1, "max_trials": 200, "searcher": "random", "evaluator": {"name": "train", "epochs": 2}}
    search = client.submit(longer)
    until(lambda: search.refresh().counts.succeeded >= 1)

    search.pause()
    until(lambda: search.refresh().state == "PAUSED")
    paused = search.refresh()
    time.sleep(1.0)
    assert search.refresh().counts == paused.counts, "nothing runs while it is paused"
    assert paused.counts.running == 0

    search.resume()
    until(lambda: search.refresh().counts.succeeded > paused.counts.succeeded)
    search.cancel()
    ended = search.wait(timeout_s=PATIENCE_S)

    assert ended.state == "CANCELLED"
    assert ended.counts.running == ended.counts.queued == 0
    numbers = [event.data["number"] for event in search.watch() if event.type == "trial.told"]
    assert len(numbers) == len(set(numbers))


def test_a_search_that_cannot_work_says_why(client):
    diverging = {
        **SPEC,
        "max_trials": 2,
        "evaluator": {**SPEC["evaluator"], "learning_rate": 10.0, "weight_decay": 0.9},
    }

    ended = client.submit(diverging).wait(timeout_s=PATIENCE_S)

    assert (ended.state, ended.state_reason) == ("FAILED", "INFEASIBLE")
    assert "no trial succeeded" in ended.state_message
    assert {trial.state for trial in ended.trials()} == {"FAILED"}


def test_two_dispatchers_share_a_postgresql_ledger(postgresql_url, tmp_path, latency_db):
    """One with Ray actors, one with Ray Tune; a search of each, and no search twice."""
    port = free_port()
    given = environment(tmp_path, latency_db, DATABASE_URL=postgresql_url)
    logs = [tmp_path / f"{name}.log" for name in ("ray", "ray_tune")]
    with (
        process("serve", "--open", "--port", str(port), "--no-worker", environment=given),
        process("worker", "--executor", "ray", "--workers", "1", environment=given, log=logs[0]),
        process("worker", "--executor", "ray_tune", "--workers", "1", environment=given, log=logs[1]),
        Client(f"http://127.0.0.1:{port}", patience_s=PATIENCE_S) as client,
    ):
        until(lambda: all("dispatcher: ready" in log.read_text() for log in logs))
        small = {**SPEC, "max_trials": 2, "references": [], "finalists": {"count": 0}}
        searches = [client.submit(small, seed=seed) for seed in range(4)]
        ended = [search.wait(timeout_s=PATIENCE_S) for search in searches]
        workers = {a.worker for search in ended for n in range(2) for a in search.trial(n).attempt_list}

    assert [search.state for search in ended] == ["SUCCEEDED"] * 4, [search.state_message for search in ended]
    assert all(search.counts.succeeded == 2 for search in ended)
    assert len(workers) == 2, "each has had its part"


def test_killed_processes_are_a_non_event(tmp_path):
    """The long form, and the one with Ray, is the benchmark itself."""
    short = ("--kills", "3", "--trials", "6", "--train-images", "3000", "--executor", "process")  # each part once
    patient = ("--promised", "600")  # in how many seconds it goes on is a claim of quiet machines
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "kills.py", *short, *patient],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "NAS_THREADS": "1"},  # as in whole_service
    )

    assert done.returncode == 0, done.stdout + done.stderr


def until(holds):
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.1)
