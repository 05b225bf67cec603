"""A search for several devices over HTTP: what is refused, the front of each, and `nas search pareto --device`."""

import json
import sys

import pytest
from fastapi.testclient import TestClient
from live_service import SPEC, ask, ledger_of, service_on, take, tell
from problem import assert_problem

from api.app import create_app
from nas.command_line.groups import main

HERE, TWO = "local-cpu-1t", "local-cpu-2t"
ON_TWO = f"latency_ms@{TWO}"
SEVERAL = {name: value for name, value in SPEC.items() if name != "device"} | {"devices": [HERE, TWO]}
LATENCIES = [(1.0, 5.0), (2.0, 4.0), (3.0, 5.0)]
ACCURACIES = [0.6, 0.7, 0.8]
VALIDATION = {"validation_accuracy": 0.5}


def carried_out(settings):
    """Three trials, of which the second device's front has two, and two finalists."""
    devices = [
        {"name": HERE, "metric": "latency_ms", "target_latency_ms": 1.5},
        {"name": TWO, "metric": ON_TWO, "target_latency_ms": 4.5},
    ]
    metrics = [
        {"accuracy": accuracy, "latency_ms": first, ON_TWO: second}
        for accuracy, (first, second) in zip(ACCURACIES, LATENCIES, strict=True)
    ]
    with ledger_of(settings) as ledger:
        owner = take(ledger)
        owner.facts({"dataset": {"test": 86, "validation": 50}, "objective": {}, "devices": devices}, 1.5)
        for number in range(3):
            ask(owner, number)
            tell(owner, number, metrics=metrics[number])
        rows = [
            {
                "trial": n,
                "id": str(n),
                "file": f"{n}.onnx",
                "notation": "n",
                "metrics": metrics[n] | {"validation_accuracy": 0.5},
            }
            for n in (0, 1)
        ]
        owner.keep("finalists", rows)
        owner.end("SUCCEEDED")


def test_each_device_has_its_front(client, settings):
    made = client.post("/v1/searches", json=SEVERAL).json()
    url = made["urls"]["pareto"]
    assert (made["spec"]["devices"], made["spec"].get("device")) == ([HERE, TWO], None)
    assert made["name"].startswith(f"fashion_mnist_mini on {HERE}, {TWO}, space")
    before = client.get(url, params={"device": TWO}).json()
    assert (before["points"], before["target_latency_ms"], before["metrics"]) == ([], None, [ON_TWO, "accuracy"])
    carried_out(settings)

    first, other = client.get(url).json(), client.get(url, params={"device": TWO}).json()

    assert [point["number"] for point in first["points"]] == [0, 1, 2]
    assert [point["number"] for point in other["points"]] == [1, 2]
    assert (first["device"], other["device"], other["metrics"]) == (HERE, TWO, [ON_TWO, "accuracy"])
    assert (first["reference_ms"], other["reference_ms"], other["target_latency_ms"]) == (3.0, 9.0, 4.5)
    assert [row["trial"] for row in first["finalists"]] == [0, 1], "each exceeds one target, trial 0 less"
    assert [row["trial"] for row in other["finalists"]] == [1, 0]
    of_bytes = client.get(url, params={"device": TWO, "metric": ["latency_ms", "accuracy"]}).json()
    assert [point["number"] for point in of_bytes["points"]] == [1, 2]
    assert [p["number"] for p in client.get(url, params={"metric": [ON_TWO, "accuracy"]}).json()["points"]] == [1, 2]


def test_columns_have_the_latency_on_each_device(client, settings):
    made = client.post("/v1/searches", json=SEVERAL).json()
    carried_out(settings)

    every = client.get(made["urls"]["columns"]).json()["columns"]
    some = client.get(made["urls"]["columns"], params={"column": ["latency_ms", "number"]}).json()["columns"]

    assert every[ON_TWO] == [second for _, second in LATENCIES]
    assert some == {name: every[name] for name in ("latency_ms", "number", ON_TWO)}
    assert set(client.get(made["urls"]["columns"], params={"column": "number"}).json()["columns"]) == {"number"}


def test_what_is_wrong_is_refused(client):
    assert_problem(client.post("/v1/searches", json=SEVERAL | {"device": HERE}), 422, "REQUEST_INVALID")
    unknown = client.post("/v1/searches", json=SEVERAL | {"devices": [HERE, "moon"]})
    assert_problem(unknown, 422, "NAME_UNKNOWN")
    aim = {"name": "constrained", "target_latency_ms": {"moon": 1.0}}
    refused = client.post("/v1/searches", json=SEVERAL | {"objective": aim})
    assert_problem(refused, 422, "SPEC_INVALID")
    assert "'moon' is no such device" in refused.text
    url = client.post("/v1/searches", json=SEVERAL).json()["urls"]["pareto"]
    assert_problem(client.get(url, params={"device": "moon"}), 422, "NAME_UNKNOWN")
    assert_problem(client.get(url, params={"metric": "params@moon"}), 422, "REQUEST_INVALID")


def test_a_fork_takes_other_devices(client):
    made = client.post("/v1/searches", json=SEVERAL).json()

    forked = client.post(f"{made['urls']['self']}:fork", json={"device": TWO})

    assert forked.status_code == 201, forked.text
    assert (forked.json()["spec"]["device"], forked.json()["spec"].get("devices")) == (TWO, None)


def test_the_command_shows_the_front_of_a_device(settings, monkeypatch, capsys):
    with service_on(settings) as url, TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        client.post("/v1/searches", json=SEVERAL)
        carried_out(settings)
        monkeypatch.setenv("NAS_URL", url)

        def run(*arguments):
            monkeypatch.setattr(sys, "argv", ["nas", "search", "pareto", "latest", *arguments])
            with pytest.raises(SystemExit):
                main()
            return capsys.readouterr()

        table, answer = run("--device", TWO).out, json.loads(run("--device", TWO, "--json").out)
        complaint = run("--device", "moon").err

    heading, *lines = table.splitlines()
    assert f"ms @ {TWO}" in heading
    assert [line.split()[1] for line in lines[:2]] == ["1", "2"]
    assert answer["device"] == TWO
    assert f"it has {HERE}, {TWO}" in complaint
