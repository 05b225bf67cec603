"""Devices and estimates over REST, from latencies that are measured here."""

from dataclasses import replace
from random import Random

import pytest
from problem import assert_problem
from small_spaces import tiny_space

from latency_db.measuring.measure import QUICK
from latency_db.profiling.measurer import Measurer
from latency_db.records.record import RecordState
from latency_db.records.signatures import network_signature
from latency_db.storing.known_devices import find_device
from latency_db.storing.store import Store
from nas.network import read_network_or_name
from nas.onnx_file.metadata import stamped
from nas.ops.notation import read_network, write_network
from nas.ops.onnx_graph import RandomWeights, onnx_model
from nas.spaces import load_space

TINY = tiny_space(layers=1, width=8)
DEVICE = "local-cpu-1t"
OTHER = "1x28x28: conv_24_k3_s2 gap linear_10"


@pytest.fixture(scope="module")
def candidate():
    return load_space(TINY).sample(Random(0)).architecture


@pytest.fixture(scope="module", autouse=True)
def measured(service_home, candidate):  # noqa: ARG001 - the database lies there
    """The tiny network's kernels, on this machine."""
    store = Store()
    measurer = Measurer(store, find_device(store, DEVICE))
    measurer.ensure([candidate.expand()])
    return measurer


def test_devices_are_listed_with_what_was_measured(open_client):
    rows = {row["name"]: row for row in open_client.get("/v1/devices").json()["items"]}

    assert rows[DEVICE]["kernels"] == 5  # three kernels and their two contexts
    assert rows[DEVICE]["runtime"] == "onnxruntime_cpu"
    assert rows[DEVICE]["last_measured_at"].endswith("+00:00")


def test_a_device_shows_its_statistic_and_sessions(open_client):
    shown = open_client.get(f"/v1/devices/{DEVICE}").json()

    assert "thread CPU time" in shown["statistic"]
    assert len(shown["latest_sessions"]) == min(shown["sessions"], 5) >= 1
    assert_problem(open_client.get("/v1/devices/toaster"), 404, "NOT_FOUND")


def test_an_estimate_is_the_sum_of_the_kernels(open_client, candidate, measured):
    network = candidate.expand()
    want = measured.estimator.estimate(network)

    for given in ({"network": write_network(network)}, {"architecture": candidate.to_dict()}):
        shown = open_client.post("/v1/latency:estimate", json={"device": DEVICE, **given}).json()

        assert shown == {
            "device": DEVICE,
            "ms": want.ms,
            "low_ms": want.low_ms,
            "high_ms": want.high_ms,
            "error_ms": want.error_ms,
            "source": "summed",
            "measured": 1.0,
            "interpolated": 0.0,
            "learned": 0.0,
            "kernels": 3,
            "suspect": want.suspect,
        }


def test_an_error_that_is_unknown_is_null(open_client, measured):
    """A record of a single round has no known error."""
    network, other = (read_network(f"1x8x8: conv_{width}_k3 gap linear_3") for width in (8, 16))
    record = measured.measure_networks({"it": other}, QUICK)["it"]
    single = replace(record, signature=network_signature(network), rounds_ms=record.rounds_ms[:1])
    measured.store.add([replace(single, state=RecordState.VALID, reason=None)])

    body = open_client.post("/v1/latency:estimate", json={"device": DEVICE, "network": write_network(network)}).json()

    assert (body["source"], body["ms"], body["error_ms"]) == ("measured", record.latency_ms, None)
    assert (body["low_ms"], body["high_ms"]) == (None, None)


def test_what_was_not_measured_says_how_to(open_client):
    response = open_client.post("/v1/latency:estimate", json={"device": DEVICE, "network": OTHER})

    assert "nas device measure local-cpu-1t" in assert_problem(response, 409, "NOT_MEASURED")["detail"]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"device": "toaster", "network": OTHER}, "NAME_UNKNOWN"),
        ({"network": "1x28x28: conv"}, "NOTATION_INVALID"),
        ({"network": "1x28x28: " + "[" * 5000}, "NOTATION_INVALID"),
        ({"network": "1x28x28: conv_" + "9" * 5000}, "NOTATION_INVALID"),
        ({"network": "1x2x2: conv_8_k3_p0"}, "ARCHITECTURE_INVALID"),
        ({"network": "1x2x2: pool_9_s1_p0"}, "ARCHITECTURE_INVALID"),
        ({"network": "3x8x8: shuffle_2"}, "ARCHITECTURE_INVALID"),
        ({"architecture": {}}, "SPEC_INVALID"),
        ({"architecture": {"stages": [{"block": "conv"}]}}, "SPEC_INVALID"),
        ({"network": "x" * 100_001}, "REQUEST_INVALID"),
        ({"network": OTHER, "architecture": {}}, "REQUEST_INVALID"),
        ({}, "REQUEST_INVALID"),
    ],
)
def test_a_wrong_request_is_refused(open_client, given, reason):
    assert_problem(open_client.post("/v1/latency:estimate", json={"device": DEVICE, **given}), 422, reason)


def test_a_broken_latency_database_is_said_to_be_so(locked_client, open_client, monkeypatch, tmp_path):
    broken = tmp_path / "latency.db"
    broken.write_bytes(b"no database" * 1000)
    monkeypatch.setenv("NAS_LATENCY_DB", str(broken))

    assert_problem(open_client.get("/v1/devices"), 503, "DEVICES_UNAVAILABLE")
    assert_problem(locked_client.get("/v1/devices"), 401, "KEY_MISSING")


def test_a_network_is_estimated_by_name_with_its_parameters(open_client, measured):
    smaller = {"device": DEVICE, "network": "lenet_300_100", "resolution": 14}
    measured.ensure([read_network_or_name("lenet_300_100", {"resolution": 14})])

    found = open_client.post("/v1/latency:estimate", json=smaller)

    assert found.json()["ms"] > 0
    for wrong, field in (
        ({"network": "lenet_300_100", "width": 2.0}, "network.width"),
        ({"network": OTHER, "resolution": 28}, "resolution"),
    ):
        answer = open_client.post("/v1/latency:estimate", json={"device": DEVICE, **wrong})
        assert assert_problem(answer, 422, "SPEC_INVALID")["errors"][0]["field"] == field
    unknown = open_client.post("/v1/latency:estimate", json={"device": DEVICE, "network": "lenet_301"})
    assert "did you mean lenet_300_100?" in assert_problem(unknown, 422, "NAME_UNKNOWN")["detail"]


def test_an_onnx_file_is_estimated_by_the_network_that_it_names(open_client, candidate):
    url, graph = f"/v1/latency:estimate-file?device={DEVICE}", onnx_model(candidate.expand(), RandomWeights(0))
    nameless = graph.SerializeToString()
    named = stamped(graph, {"architecture": candidate.to_dict()})

    found = open_client.post(url, files={"model": ("a.onnx", named)}).json()
    by_architecture = open_client.post(
        "/v1/latency:estimate", json={"device": DEVICE, "architecture": candidate.to_dict()}
    ).json()

    assert found == by_architecture
    plain = open_client.post(url, files={"model": ("a.onnx", nameless)})
    assert "nas latency estimate FILE" in assert_problem(plain, 409, "NOT_MEASURED")["detail"]
    assert_problem(open_client.post(url, files={"model": ("a.onnx", b"none")}), 422, "SPEC_INVALID")
