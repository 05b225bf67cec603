"""An agent as a process of its own, measuring for a real service; and the graphs that it refuses."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import onnx
import pytest
from live_service import ledger_of, service_on
from onnx import TensorProto, helper

from latency_db.agent.graph import LARGEST_BYTES, check_model
from latency_db.errors import ModelRefusedError
from latency_db.fixed import fixed_models
from nas.jobs.settings import Settings

NAS = Path(sys.executable).with_name("nas")
NETWORK = "3x16x16: conv_16_k3_s2 gap linear_10"
PATIENCE_S = 60


@pytest.fixture
def service(tmp_path, monkeypatch):
    """The address of a service, and the headers of its administrator."""
    monkeypatch.setenv("NAS_LATENCY_DB", str(tmp_path / "latency.db"))
    settings = Settings(home=tmp_path)
    with ledger_of(settings) as ledger:
        _, secret = ledger.keys.create("all", ["admin"])
    headers = {"Authorization": f"Bearer {secret}"}
    with service_on(settings) as url, httpx.Client(base_url=url, headers=headers, timeout=PATIENCE_S) as client:
        yield client


@pytest.fixture
def started(tmp_path, service):
    """Starts an agent on a machine of its own, which is a folder; returns the process."""
    processes = []

    def start(token, machine):
        folder = tmp_path / machine
        folder.mkdir(exist_ok=True)
        command = [NAS, "agent", "--server", str(service.base_url), "--home", folder, "--runtime", "onnxruntime_cpu"]
        environment = os.environ | {"TMPDIR": str(folder), "NAS_API_KEY": token}
        processes.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def until(answer):
    """What answer gives once it gives something."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := answer()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def requests(service):
    return service.get("/v1/devices/pi-cpu-1t/requests").json().get("counts")


def test_an_agent_measures_what_is_asked_of_its_device_and_ends_when_told(service, started):
    token = service.post("/v1/devices", json={"name": "pi"}).json()["token"]
    agent = started(token, "one")
    until(lambda: requests(service))
    body = {"networks": [NETWORK, NETWORK], "effort": "quick"}

    assert service.post("/v1/devices/pi-cpu-1t/requests", json=body).json()["added"] == 1
    until(lambda: requests(service)["DONE"])

    body = {"device": "pi-cpu-1t", "network": NETWORK}
    estimate = service.post("/v1/latency:estimate", json=body).json()
    assert estimate["source"] == "measured"
    assert estimate["ms"] > 0
    agent.send_signal(signal.SIGTERM)
    assert agent.wait(PATIENCE_S) == 0


def test_a_machine_has_one_agent_and_a_token_one_machine(service, started):
    token = service.post("/v1/devices", json={"name": "pi"}).json()["token"]
    started(token, "one")
    until(lambda: requests(service))

    second, elsewhere = started(token, "one"), started(token, "two")

    assert "another agent measures on this machine" in second.communicate(timeout=PATIENCE_S)[1]
    assert second.returncode == 2
    assert "this token is that of 'pi', another machine" in elsewhere.communicate(timeout=PATIENCE_S)[1]
    assert elsewhere.returncode == 1


def model(node, *constants):
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    return helper.make_model(helper.make_graph([node], "g", [value], [out], list(constants))).SerializeToString()


def elsewhere():
    tensor = helper.make_tensor("w", TensorProto.FLOAT, [4], [0.0] * 4)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    return model(helper.make_node("Add", ["x", "w"], ["y"]), tensor)


def huge():
    tensor = onnx.TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1 << 20, 1 << 20])
    return model(helper.make_node("Add", ["x", "w"], ["y"]), tensor)


def looping():
    body = helper.make_graph([helper.make_node("Identity", ["a"], ["b"])], "body", [], [])
    return model(helper.make_node("Loop", ["x"], ["y"], body=body))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (elsewhere(), "another file"),
        (huge(), "elements"),
        (looping(), "'Loop' is not among"),
        (model(helper.make_node("Relu", ["x"], ["y"], domain="com.evil")), "domain 'com.evil'"),
        (b"x" * 1000, "no ONNX model"),
        (b"", "0 graphs"),
        (bytes(LARGEST_BYTES + 1), "bytes"),
    ],
)
def test_a_graph_that_may_do_more_than_compute_is_refused(content, told):
    with pytest.raises(ModelRefusedError, match=told):
        check_model(content)


def test_no_part_of_a_model_passes_for_one():
    whole = max(fixed_models().values(), key=len)
    check_model(whole)

    for size in range(0, len(whole), 977):
        with pytest.raises(ModelRefusedError):
            check_model(whole[:size])
