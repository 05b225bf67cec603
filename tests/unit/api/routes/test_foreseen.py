"""What the check of a spec foretells: targets and limits that no network keeps, where devices are measured."""

import re

import pytest
from made_up import pocket, table

from latency_db.storing.store import Store
from nas.ops.cost import network_cost
from nas.search.reach import SAMPLES, Drawn
from nas.spaces import load_space

STAGE = {"blocks": [{"conv": {"kernel": [3, 5]}}], "layers": [1, 2, 3], "width": [8, 16], "stride": 2}
SPACE = {"name": "tiny", "resolution": 28, "stem": {"width": 8}, "stages": [STAGE, STAGE]}
MACHINE = pocket().device.machine_id
DEVICE = f"pocket@{MACHINE}"
SPEC = {"dataset": "fashion_mnist_mini", "space": SPACE, "max_trials": 4, "references": []}
ELSEWHERE = {**STAGE, "blocks": [{"shuffle": {"groups": 2}}]}


@pytest.fixture(scope="module")
def networks():
    """Those that stand for the space, as the check draws them."""
    return Drawn(load_space(SPACE).for_images(1, 28, 10), 0).networks


@pytest.fixture(scope="module", autouse=True)
def measured(service_home, networks):  # noqa: ARG001 - the database lies there
    """Another machine's device, on which a multiply-add takes 0.1 us."""
    Store().add(table(pocket(), networks, mac_ms=1e-4))


@pytest.fixture
def foreseen(open_client):
    def ask(objective, **more):
        device = {} if "devices" in more else {"device": DEVICE}
        spec = SPEC | {"objective": objective} | device | more
        answer = open_client.post("/v1/searches", params={"validate_only": True}, json=spec)
        assert answer.status_code == 200, answer.text
        return answer.json()["foreseen"]

    return ask


@pytest.mark.parametrize("objective", [{"name": "constrained"}, {"name": "mnasnet", "alpha": 0, "beta": -1}])
def test_a_target_that_no_network_keeps_is_told_with_what_there_is(foreseen, objective):
    (said,) = foreseen(objective | {"target_latency_ms": 0.001})

    assert said.startswith(f"None of {SAMPLES} random networks keeps the target of 0.001 ms: the fastest takes ")
    assert said.endswith("Raise it, or choose a smaller space, smaller images or a faster device.")


def test_a_target_that_some_keep_or_that_is_left_open_is_fine(foreseen):
    (said,) = foreseen({"name": "constrained", "target_latency_ms": 0.001})
    least, median = map(float, re.search(r"takes (\S+) ms, and half of them more than (\S+) ms", said).groups())

    assert least < median
    assert foreseen({"name": "constrained", "target_latency_ms": median}) == []
    assert foreseen({"name": "constrained", "target_latency_ms": least * 0.99}) != []
    assert foreseen({"name": "constrained"}) == []
    (said,) = foreseen({"name": "constrained", "target_latency_ms": 1e5})
    assert "limits nothing" in said


def test_nothing_is_guessed_of_a_device_that_is_not_measured(foreseen):
    impossible = {"name": "constrained", "target_latency_ms": 0.001}

    assert foreseen(impossible, device="local-cpu-1t") == []
    assert foreseen(impossible, space={**SPACE, "stages": [ELSEWHERE]}) == []


def test_of_several_devices_each_target_is_looked_at(foreseen):
    targets = {DEVICE: 0.001, "local-cpu-1t": 0.001}

    (said,) = foreseen({"name": "constrained", "target_latency_ms": targets}, devices=list(targets))

    assert f"on {DEVICE}:" in said


def test_a_limit_on_sizes_needs_no_measurement(foreseen, networks):
    least = min(network_cost(network).params for network in networks)

    (said,) = foreseen({"name": "constrained", "max_params": least - 1}, device="local-cpu-1t")
    assert said.startswith(f"None of {SAMPLES} random networks keeps the limit of")
    assert "Raise it, or choose a smaller space" in said
    assert foreseen({"name": "constrained", "limits": {"peak_memory_bytes": 1}}, device="local-cpu-1t") != []
    assert foreseen({"name": "constrained", "max_params": least}, device="local-cpu-1t") == []


def test_a_space_of_fewer_networks_than_trials_is_told(foreseen):
    (said,) = foreseen({"name": "constrained"}, max_trials=10_000)

    assert f"has {load_space(SPACE).size()} networks, fewer than max_trials (10000)" in said
