"""A search under a limit on one metric, followed into the ledger, REST, the console and the report."""

import tempfile
from concurrent.futures import Future
from pathlib import Path
from random import Random
from statistics import median

from fastapi.testclient import TestClient
from live_service import ledger_of
from report_record import record

from api.app import create_app
from api.commands.outcome import _columns, _headings
from nas.asking.problem import Problem
from nas.jobs.owner import SearchOwner
from nas.metric import front_of, network_metrics
from nas.objective import objective
from nas.ops.notation import write_network
from nas.report import report_html
from nas.search.loop import Search, Steps
from nas.searcher import searcher
from nas.service.settings import Settings
from nas.spaces import load_space
from nas.spec import parse_spec

TRIALS = 12
SPACE = load_space("small")


def check(name, label, unit):
    """The metric of the network, by its name, label and unit, wherever a search shows metrics."""
    drawn = [SPACE.sample(Random(seed)).architecture.expand() for seed in range(20)]
    limit = median(network_metrics(network)[name] for network in drawn)
    aim = {"name": "constrained", "target_latency_ms": 1.0, "limits": {name: limit}}
    spec = {"dataset": "fashion_mnist_mini", "max_trials": TRIALS, "objective": aim, "searcher": {"name": "random"}}
    settings = Settings(home=Path(tempfile.mkdtemp()), open=True)

    with ledger_of(settings) as ledger:
        found = ledger.searches.submit(parse_spec(spec).model_dump(mode="json"), name="one")[0]
        search = carried_out(SearchOwner(ledger, ledger.claims.claim("the test").lease), aim)

    assert search.refused > 0
    assert all(trial.metrics[name] <= limit for trial in search.trials.values())
    check_rest(TestClient(create_app(settings), base_url="http://127.0.0.1"), found.id, spec, name)
    check_report(search, label, unit)
    assert f"{label}, {unit}" in _headings(_columns([]), [])
    rows = [trial.metrics for trial in search.trials.values()]
    assert set(front_of(rows, ["latency_ms", "accuracy"])) <= set(front_of(rows, ["latency_ms", "accuracy", name]))


def carried_out(journal, aim):
    """The search with invented latencies and accuracies, which rise with the size of a network."""

    def known(candidate):
        sizes = network_metrics(candidate.architecture.expand())
        return {"latency_ms": sizes["macs"] / 1e8, **sizes}

    def train(trial):
        future = Future()
        future.set_result({"accuracy": 1 - 1 / (1 + trial.metrics["params"] / 1e4)})
        return future

    goal = objective.make(aim)
    search = Search(searcher.make("random", Problem(SPACE, goal), 0), goal, journal)
    search.run(Steps(known, train, lambda _: None, lambda _, __: None, lambda _: None), max_trials=TRIALS, parallel=1)
    return search


def check_rest(client, search_id, spec, name):
    trials = client.get(f"/v1/searches/{search_id}/trials").json()["items"]
    values = [trial["metrics"][name] for trial in trials]
    columns = client.get(f"/v1/searches/{search_id}/trials:columns").json()["columns"]
    some = client.get(f"/v1/searches/{search_id}/trials:columns", params={"column": name}).json()["columns"]
    assert len(values) == TRIALS
    assert all(abs(short / value - 1) < 1e-5 for short, value in zip(columns[name], values, strict=True))
    assert some == {name: columns[name]}
    assert all(name in point["metrics"] for point in client.get(f"/v1/searches/{search_id}/pareto").json()["points"])
    (described,) = [row for row in client.get("/v1/metrics").json()["items"] if row["name"] == name]
    assert (described["shown"], described["known_before_training"]) == ("tables", True)
    assert name in client.post("/v1/spaces:decode", json={"space": "small"}).json()["cost"]
    schema = client.get("/v1/schemas/search").json()
    limits = schema["properties"]["objective"]["oneOf"][0]["properties"]["limits"]["anyOf"][0]["properties"]
    assert name in limits
    assert client.post("/v1/searches?validate_only=true", json=spec).json()["valid"]
    wrong = spec | {"objective": {"name": "constrained", "limits": {"nothing": 1}}}
    assert name in client.post("/v1/searches?validate_only=true", json=wrong).json()["errors"][0]["message"]


def check_report(search, label, unit):
    rows = [
        {
            "number": trial.number,
            "id": trial.candidate.architecture.id,
            "state": trial.state.value,
            "reward": trial.reward,
            "reason": trial.reason,
            "notation": write_network(trial.candidate.architecture.expand()),
            "metrics": dict(trial.metrics),
        }
        for trial in search.trials.values()
    ]
    html = report_html({**record(), "trials": rows, "front": [0], "finalists": [], "finished": False})
    assert f">{label}</th>" in html
    assert html.count(f"\u00a0{unit}</td>") == len(rows)
