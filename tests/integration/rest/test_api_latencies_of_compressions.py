"""Compressions for a latency over HTTP, measured on this machine; and which are refused when they are asked for."""

from dataclasses import replace

import pytest
from live_service import SPEC, ledger_of, submit, take, tell
from made_up import Elsewhere, pocket, table
from problem import assert_problem

from latency_db.storing.store import Store
from nas.architecture import Architecture, Stage, Stem
from nas.blocks.conv import Convolution
from nas.ops.notation import write_network
from workers.dispatching import exports
from workers.dispatching.exports import Exporter
from workers.executing.executors.inline import InlineExecutor
from workers.executing.scheduler import Scheduler
from workers.tasks.told_latencies import ToldLatencies

IN_INTEGERS = "local-onnxruntime_cpu-int8-1t"
PLAN = {"stages": [{"name": "int8", "fine_tuning": False}, {"name": "entropy_coding", "bias_bits": None}]}
NETWORK = Architecture(28, 1, Stem(8), (Stage(Convolution(), 1, 8, 2),), 0, 10)


@pytest.fixture
def trial(client, settings):
    """The path of a trial that trains in seconds."""
    search_id = submit(client)["id"]
    described = {"architecture_id": NETWORK.id, "notation": write_network(NETWORK.expand())}
    described |= {"architecture": NETWORK.to_dict(), "choices": {}}
    with ledger_of(settings) as ledger:
        owner = take(ledger, search_id)
        owner.add({"event": "asked", "trial": 0, "metrics": {}, **described})
        tell(owner, 0)
        owner.end("SUCCEEDED")
    return f"/v1/trials/{search_id}.0"


@pytest.fixture
def exported(client, settings, trial, monkeypatch):
    """Asks for the compression for a latency on the device in integers; the export, once it has ended."""
    monkeypatch.setattr(exports, "POLL_S", 0.0)

    def ended(max_latency_ms):
        compression = {"plan": PLAN, "max_latency_ms": max_latency_ms, "latency_device": IN_INTEGERS}
        asked = client.post(f"{trial}:export", json={"epochs": 1, "compression": compression})
        assert asked.status_code == 202, asked.text
        with ledger_of(settings) as ledger:
            exporter = Exporter(ledger, settings, Scheduler(InlineExecutor(1)), "the test")
            exporter.tick()
            exporter._thread.join()
        return client.get(asked.headers["location"]).json()

    return ended


def test_a_file_keeps_a_latency_that_the_device_measures_while_nothing_trains(exported, monkeypatch):
    measured, told = [], ToldLatencies.told
    running, task = [], exports.compress

    def compress(*arguments, report):
        running.append("a task")
        try:
            return task(*arguments, report=report)
        finally:
            running.pop()

    def measure(latencies, untold, target):
        measured.append((type(untold.subject), list(running)))
        return told(latencies, untold, target)

    monkeypatch.setattr(exports, "compress", compress)
    monkeypatch.setattr(ToldLatencies, "told", measure)

    found = exported(10_000.0)

    assert found["state"] == "SUCCEEDED", found["reason"]
    assert measured == [(str, []), (bytes, [])], "the members, then the file"
    report = found["report"]
    assert report["on_device"]["device"] == IN_INTEGERS
    assert 0 < report["on_device"]["latency_ms"] < 10_000
    notes = report["stages"][1]["notes"]
    assert notes["latency"]["max_latency_ms"] == 10_000
    assert 0 < notes["latency"]["measured_ms"] < 10_000
    assert all(row["floats"] for row in notes["members"] if row["loss"]), "what loses nothing may be in integers"
    assert found["file"].endswith(f"-in-10000-ms-on-{IN_INTEGERS}.naz")


def test_a_latency_that_no_file_keeps_is_a_failed_export_with_the_least(exported):
    found = exported(0.000001)

    assert found["state"] == "FAILED"
    assert "1e-06 ms are too few on local-onnxruntime_cpu-int8-1t" in found["reason"]
    assert "give more than that" in found["reason"]


ELSEWHERE = f"pocket-int8@{pocket().device.machine_id}"
INT8 = {"preset": "int8", "max_latency_ms": 0.5}


@pytest.mark.parametrize(
    ("compression", "reason", "complaint"),
    [
        (INT8, "REQUEST_INVALID", "max_latency_ms and latency_device go together"),
        ({"preset": "int8", "latency_device": IN_INTEGERS}, "REQUEST_INVALID", "go together"),
        (INT8 | {"latency_device": IN_INTEGERS, "max_latency_ms": 0}, "REQUEST_INVALID", "than 0"),
        (INT8 | {"latency_device": IN_INTEGERS, "preset": "ttq"}, "REQUEST_INVALID", "plans with a stage int8"),
        (
            {"plan": {"stages": [{"name": "int8", "max_latency_ms": 0.5}]}},
            "SPEC_INVALID",
            "give it with latency_device beside the plan",
        ),
        (INT8 | {"latency_device": "toaster"}, "NAME_UNKNOWN", IN_INTEGERS),
        (INT8 | {"latency_device": "local-cpu-1t"}, "SPEC_INVALID", f"name one in integers as {IN_INTEGERS}"),
        (INT8 | {"latency_device": ELSEWHERE}, "SPEC_INVALID", "start `nas agent` there"),
    ],
)
def test_a_latency_that_cannot_be_kept_is_refused_when_it_is_asked_for(client, trial, compression, reason, complaint):
    """Such as on a device that is neither here nor has an agent."""
    for name, precision in (("pocket", "fp32"), ("pocket-int8", "int8")):
        device = replace(pocket().device, name=name, precision=precision)
        Store().add(table(Elsewhere(device, replace(pocket().session, device=device)), [NETWORK.expand()]))

    answers = [client.post(f"{trial}:export", json={"compression": compression})]
    if "plan" not in compression:  # those in specs are checked by a worker
        answers.append(client.post("/v1/searches", json={**SPEC, "finalists": {"compression": compression}}))

    for answer in answers:
        assert complaint in answer.json()["detail"] + str(answer.json().get("errors")), answer.text
    assert_problem(answers[0], 422, reason)
    assert client.get(f"{trial}/exports").json() == {"items": []}
