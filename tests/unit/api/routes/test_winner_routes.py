"""The winner for another target or device over REST, the client and the command line; only the dispatcher is played."""

import json
import sys
from random import Random

import pytest
from live_service import ledger_of, service_on, take
from problem import assert_problem
from small_spaces import tiny_space

from api.client import Client
from latency_db.profiling.measurer import Measurer
from latency_db.storing.known_devices import find_device
from latency_db.storing.store import Store
from nas.command_line.groups import main
from nas.metric import network_metrics
from nas.ops.notation import write_network
from nas.service.settings import Settings
from nas.spaces import load_space
from nas.spec import parse_spec

SPACE = tiny_space(layers=[1, 2], width=[8, 16])
SPEC = {"dataset": "fashion_mnist_mini", "space": SPACE, "device": "pocket@0", "max_trials": 4, "references": []}
TARGET_MS = 3.0
DEVICE = "local-cpu-1t"
FACTS = {
    "dataset": {"name": "tiny", "channels": 1, "side": 8, "classes": ["a", "b", "c"]},
    "device": {"name": "pocket"},
    "objective": {"name": "constrained", "target_latency_ms": TARGET_MS},
}


@pytest.fixture(scope="module")
def client(service_home):
    with service_on(Settings(home=service_home, open=True)) as url, Client(url) as client:
        client.url = url
        yield client


@pytest.fixture(scope="module")
def owner(service_home):
    """A dispatcher's side of a search that has begun."""
    with ledger_of(Settings(home=service_home, open=True)) as ledger:
        search = ledger.searches.submit(parse_spec(SPEC).model_dump(mode="json"), name="a search")[0]
        owner = take(ledger, search.id)
        owner.facts(FACTS, TARGET_MS)
        yield owner


def networks():
    """All networks of the space, the smallest first."""
    space, rng = load_space(SPACE), Random(0)
    drawn = {candidate.architecture.id: candidate for candidate in (space.sample(rng) for _ in range(100))}
    found = [(network_metrics(each.architecture.expand()), each) for each in drawn.values()]
    return sorted(found, key=lambda pair: pair[0]["macs"])


def carry_out(owner, number, known, candidate):
    """A trial whose latency is its number and 1, in ms, and whose accuracy falls with it."""
    architecture = candidate.architecture
    notation = write_network(architecture.expand())
    described = {"architecture_id": architecture.id, "notation": notation, "architecture": architecture.to_dict()}
    metrics = known | {"latency_ms": number + 1.0}
    owner.add({"event": "asked", "trial": number, "metrics": metrics, "choices": dict(candidate.choices), **described})
    owner.started(number, "worker")
    accuracy = 0.9 - 0.1 * abs(number - 2)
    told = {"metrics": metrics | {"accuracy": accuracy}, "state": "succeeded", "reward": accuracy, "reason": None}
    owner.told({"event": "told", "trial": number, **told})


@pytest.fixture(scope="module")
def search(client, owner):
    """With four trials; that with number 2 is the most accurate."""
    search = client.search(owner.lease.search_id)
    before = search.winner()
    assert (before.networks, before.winner, before.notes) == (0, None, ["no trial has succeeded yet"])
    assert (before.device, before.target_latency_ms) == ("pocket@0", TARGET_MS)
    for number, (known, candidate) in enumerate(networks()):
        carry_out(owner, number, known, candidate)
    return search


@pytest.fixture(scope="module")
def shared(search, owner):
    """The search, which has weights that networks share."""
    owner.keep("prepared", {"file": "prepared.bin", "sha256": "0" * 64})
    return search


def test_the_winner_follows_the_target(search):
    assert [search.winner(ms).winner.trial for ms in (1.5, 2.5, TARGET_MS, 50)] == [0, 1, 2, 2]
    own = search.winner()
    assert own == search.winner(TARGET_MS, device="pocket@0")
    assert own.winner.id == f"{search.id}.2"
    assert own.winner.notation == search.trial(2).notation
    assert [point.trial for point in own.front] == [0, 1, 2]
    assert (own.networks, own.within, own.fastest_ms, own.slowest_ms) == (4, 3, 1.0, 4.0)
    none = search.winner(0.5)
    assert none.winner is None
    assert "the fastest takes 1 ms" in none.notes[0]


def test_a_device_that_the_search_did_not_have_is_estimated_from_its_records(search):
    store = Store()
    measurer = Measurer(store, find_device(store, DEVICE))
    trained = [candidate.architecture.expand() for _, candidate in networks()]
    measurer.ensure(trained)
    estimated = [measurer.estimator.estimate(network).ms for network in trained]
    found = search.winner(2 * max(estimated), device=DEVICE)

    assert (found.estimated, found.within, found.winner.trial) == (True, 4, 2)
    assert found.winner.latency_ms == pytest.approx(estimated[2])
    assert found.fastest_ms == pytest.approx(min(estimated))
    assert search.winner(min(estimated) / 2, device=DEVICE).winner is None


@pytest.mark.parametrize(
    ("asked", "status", "reason"),
    [
        ({"device": "toaster"}, 422, "NAME_UNKNOWN"),
        ({"device": "x" * 201}, 422, "REQUEST_INVALID"),
        ({"target_latency_ms": "0"}, 422, "REQUEST_INVALID"),
        ({"target_latency_ms": "nan"}, 422, "REQUEST_INVALID"),
        ({"target_latency_ms": "inf"}, 422, "REQUEST_INVALID"),
    ],
)
def test_a_wrong_question_is_refused(search, open_client, asked, status, reason):
    assert_problem(open_client.get(f"/v1/searches/{search.id}/winner", params=asked), status, reason)


def test_a_search_without_shared_weights_is_not_searched_anew(search, open_client):
    other = search.fork(device=DEVICE)
    problem = assert_problem(open_client.post(f"/v1/searches/{other.id}:retarget", json={}), 422, "SPEC_INVALID")
    assert "train has none" in problem["detail"]


def test_a_search_over_shared_weights_is_one_for_another_target(shared, open_client):
    search, path = shared, f"/v1/searches/{shared.id}:retarget"

    made = search.retarget(2.5, device=DEVICE, candidates=40)

    assert (made.parent_id, made.max_trials, made.name) == (search.id, 40, "a search (retargeted)")
    assert made.spec["objective"]["target_latency_ms"] == 2.5
    assert made.spec["warm_start"] == [search.id]
    assert (made.spec["finalists"]["count"], made.spec["references"]) == (0, [])
    assert {made.spec[field] == search.spec[field] for field in ("space", "dataset", "evaluator", "seed")} == {True}
    assert made.spec["device"] == DEVICE
    assert search.retarget(device=DEVICE).spec["objective"]["target_latency_ms"] == TARGET_MS
    assert_problem(open_client.post(path, json={"device": "toaster"}), 422, "NAME_UNKNOWN")
    assert_problem(open_client.post(path, json={"candidates": 0}), 422, "REQUEST_INVALID")


def test_others_learn_nothing(search, open_client, locked_client):
    assert_problem(locked_client.get(f"/v1/searches/{search.id}/winner"), 401, "KEY_MISSING")
    assert_problem(open_client.get(f"/v1/searches/srch_{'0' * 26}/winner"), 404, "NOT_FOUND")


def test_the_command_says_who_wins(client, shared, monkeypatch, capsys):
    search = shared
    monkeypatch.setenv("NAS_URL", client.url)

    def run(*options):
        monkeypatch.setattr(sys, "argv", ["nas", "search", "retarget", search.id, *options])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code or 0, *capsys.readouterr()

    code, out, _ = run("--target", "2.5")
    assert code == 0
    assert out.startswith("trial 1 wins on pocket@0 with a target of 2.50")
    assert json.loads(run("--target", "2.5", "--json")[1])["winner"]["trial"] == 1
    made = json.loads(run("--target", "2.5", "--device", DEVICE, "--candidates", "9", "--json")[1])
    assert (made["parent_id"], made["max_trials"], made["state"]) == (search.id, 9, "QUEUED")
    assert run("--watch")[0] == 2
    assert run("--target", "0")[0] == 2
    assert run("--device", "toaster")[0] == 2
