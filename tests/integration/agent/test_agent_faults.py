"""Faults around an agent: no row is lost or stored twice, and the state and its reason are reported."""

import contextlib
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

import httpx2
from agents import requests, until
from onnx import TensorProto, helper
from processes import PATIENCE_S
from sqlalchemy import select
from whole_service import free_port

from latency_db.records.record import Kind
from latency_db.records.reference_models import FIXED_KEYS
from latency_db.records.signatures import onnx_signature
from latency_db.remote.requests import Requests
from latency_db.storing import tables
from latency_db.storing.known_devices import find_device
from latency_db.storing.store import Store
from nas.ops.notation import write_network
from nas.spaces import load_space

SPACE, RNG = load_space("small"), Random(6)
NETWORKS = sorted({write_network(SPACE.sample(RNG).architecture.expand()) for _ in range(12)})


def rows():
    """Number of samples of each requested model."""
    signature = tables.signature.c
    with Store().reading() as connection:
        keys = connection.scalars(select(signature.key).join_from(tables.sample, tables.signature)).all()
    return Counter(key for key in keys if key not in FIXED_KEYS)


def ask(service, networks=NETWORKS, name="pi-cpu-1t"):
    service.post(f"/v1/devices/{name}/requests", json={"networks": networks, "effort": "quick"}).raise_for_status()


def measures(agent):
    """Whether the agent's measuring process runs."""
    return Path(f"/proc/{agent.pid}/task/{agent.pid}/children").read_text()


@contextlib.contextmanager
def api(home, port):
    """The API as a process that can be killed."""
    environment = os.environ | {"NAS_HOME": str(home), "NAS_PORT": str(port)}
    process = subprocess.Popen([sys.executable, "-m", "api"], env=environment, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_service_that_is_killed_meanwhile_has_each_result_once(service, started, tmp_path):
    """Meanwhile its address refuses connections, as when the network is down."""
    token = service.post("/v1/devices", json={"name": "pi"}).json()["token"]
    port = free_port()
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", headers=service.headers, timeout=PATIENCE_S) as client:
        with api(tmp_path, port) as first:
            agent = started(token, "one", "--server", str(client.base_url))
            until(lambda: requests(service))
            ask(service)
            until(lambda: measures(agent))
            first.kill()
            kept = until(lambda: list((tmp_path / "one" / "results").rglob("bat_*.json")))
        assert requests(service)["LEASED"] == len(NETWORKS)
        with api(tmp_path, port):
            until(lambda: requests(service)["DONE"] == len(NETWORKS))
            until(lambda: not any(file.exists() for file in kept))

    assert rows() == dict.fromkeys(NETWORKS, 1)


def test_a_full_disk_is_reported_and_loses_no_result(service, started):
    token = service.post("/v1/devices", json={"name": "pi"}).json()["token"]
    agent = started(token, "one", file_bytes=100)
    until(lambda: requests(service))

    ask(service, NETWORKS[:2])

    trouble = until(lambda: service.get("/v1/devices/pi-cpu-1t/requests").json()["trouble"])
    assert trouble == "results cannot be kept on disk: File too large"
    assert requests(service)["DONE"] == 2
    assert rows() == dict.fromkeys(NETWORKS[:2], 1)
    assert agent.poll() is None


def test_a_device_that_is_renamed_while_it_measures_continues(service, started):
    token = service.post("/v1/devices", json={"name": "pi"}).json()["token"]
    agent = started(token, "one")
    until(lambda: requests(service))
    ask(service)
    until(lambda: measures(agent))
    agent.kill()
    agent.wait()

    started(token, "one", "--name", "desk")

    def done():
        told = service.get("/v1/devices/desk-cpu-1t/requests")
        return told.is_success and told.json()["counts"]["DONE"] == len(NETWORKS)

    until(done)
    assert rows() == dict.fromkeys(NETWORKS, 1)
    assert service.get("/v1/devices/pi-cpu-1t").status_code == 404


def growing(times):
    """A graph of allowed operators whose tensors, none of them declared, grow to 16 bytes times 64 to the times."""
    value = helper.make_tensor_value_info("x0", TensorProto.FLOAT, [1, 4])
    out = helper.make_tensor_value_info(f"x{times}", TensorProto.FLOAT, [1, "many"])
    nodes = [helper.make_node("Concat", [f"x{n}"] * 64, [f"x{n + 1}"], axis=1) for n in range(times)]
    graph = helper.make_graph(nodes, "g", [value], [out])
    opset = [helper.make_opsetid("", 13)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


def test_a_graph_that_grows_without_bound_fails_alone(service, started):
    token = service.post("/v1/devices", json={"name": "pi"}).json()["token"]
    agent = started(token, "one")
    until(lambda: requests(service))
    model = growing(5)
    signature, store = onnx_signature(model), Store()
    device = find_device(store, "pi-cpu-1t")

    Requests(store).ask(device, [signature], "quick", models={signature: model}, priority=1)
    ask(service, NETWORKS[:2])
    until(lambda: requests(service)["FAILED"] and requests(service)["DONE"] == 2)

    (reason,) = service.get("/v1/devices/pi-cpu-1t/requests").json()["reasons"]
    assert store.refusals(device, Kind.NETWORK) == {signature.key: reason}
    assert rows() == dict.fromkeys(NETWORKS[:2], 1)
    assert agent.poll() is None
