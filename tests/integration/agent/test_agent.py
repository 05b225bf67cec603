"""An agent process that measures for a real service, and the graphs that it refuses."""

import json
import os
import signal
import subprocess
from datetime import UTC, datetime
from random import Random

import onnx
import pytest
from agents import NAS, requests, until
from onnx import TensorProto, helper, numpy_helper
from problem import assert_problem
from processes import PATIENCE_S
from small_spaces import tiny_space
from sqlalchemy import func, select

from latency_db.agent.measuring_process import LEFT_OUT
from latency_db.devices.device import Device
from latency_db.records.record import Kind, LatencyRecord, MeasurementSession, Signature, Statistic, Statistics
from latency_db.records.reference_models import FIXED_KEYS, fixed_models
from latency_db.records.wire import to_wire
from latency_db.remote import tables as request_tables
from latency_db.storing import tables
from latency_db.storing.store import Store
from nas.errors import ModelRefusedError
from nas.onnx_file.model_check import MAX_BYTES, check_model
from nas.ops.notation import write_network
from nas.spaces import load_space

NETWORK = "3x16x16: conv_16_k3_s2 gap linear_10"
SPACE = tiny_space(layers=[0, 1, 2], width=[8, 16, 24])


def test_an_agent_measures_the_requests_for_its_device_and_stops_when_signalled(service, started):
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
    assert "this token belongs to 'pi', another machine" in elsewhere.communicate(timeout=PATIENCE_S)[1]
    assert elsewhere.returncode == 1


def as_agent(service, token, path, **body):
    return service.post(f"/v1/agents{path}", json=body, headers={"Authorization": f"Bearer {token}"})


def hello(machine, **more):
    fingerprint = {"machine": machine, "runtime": "onnxruntime_cpu", "runtime_version": "1"}
    offered = {"name": "any", "runtime": "onnxruntime_cpu", "precision": "fp32", "threads": 1}
    return {
        "machine": machine,
        "run": "a" * 32,
        "facts": {},
        "devices": [{**offered, "fingerprint": fingerprint}],
        **more,
    }


def test_results_that_cannot_be_true_and_tokens_of_others_are_refused(service):
    """Sent by hand, as somebody with a token may. The other token gets the machine once the first one is revoked."""
    first, other = (service.post("/v1/devices", json={"name": name}).json() for name in ("pi", "desk"))
    agent = as_agent(service, first["token"], ":register", **hello("1" * 32)).json()["id"]
    service.post("/v1/devices/pi-cpu-1t/requests", json={"networks": [NETWORK], "effort": "quick"})
    batch = as_agent(service, first["token"], f"/{agent}/batches:lease", run="a" * 32).json()["batch"]

    def refused(*models):
        sent = session_of([Signature(NETWORK, Kind.NETWORK)] * len(models), models)
        path = f"/{agent}/batches/{batch['id']}:complete"
        return as_agent(service, first["token"], path, sessions=[sent], failures=[])

    for latencies in ((5e-324,), (4.6e18,), (1e300,), (1.0, 2.0), (1.0, 1.0)):
        assert_problem(refused(*latencies), 422, "RECORD_INVALID")
    assert_problem(as_agent(service, other["token"], ":register", **hello("1" * 32)), 409, "AGENT_REFUSED")
    assert service.get("/v1/devices/pi-cpu-1t/requests").json()["counts"]["LEASED"] == 1

    service.delete(f"/v1/keys/{first['key_id']}").raise_for_status()
    assert as_agent(service, other["token"], ":register", **hello("1" * 32)).json()["id"] == agent


def session_of(signatures, latencies_ms):
    """A session as an agent sends it."""
    device = Device("pi-cpu-1t", "onnxruntime_cpu", "fp32", 1, {"runtime": "onnxruntime_cpu", "runtime_version": "1"})
    session = MeasurementSession(device, datetime.now(UTC), "3", {})
    records = []
    for signature, ms in zip(signatures, latencies_ms, strict=True):
        summary = Statistics.of([ms] * 3)
        records.append(LatencyRecord(signature, session, Statistic.CPU_P10_BEST, ms, (ms,), summary, summary))
    sent = [to_wire(record, without=LEFT_OUT) for record in records]
    return {**to_wire(session, without=LEFT_OUT), "offset_s": 0.0, "records": sent}


def test_a_killed_agent_loses_and_repeats_no_requested_measurement(service, started, tmp_path):
    """`nas device measure` of another machine, whose agent is killed while it measures and started again."""
    environment = os.environ | {"NAS_HOME": str(tmp_path), "DATABASE_URL": ""}
    added = subprocess.run([NAS, "device", "add", "pi"], env=environment, capture_output=True, text=True, check=True)
    token = added.stdout.strip()
    agent = started(token, "one")
    until(lambda: requests(service))
    (tmp_path / "tiny.json").write_text(json.dumps(SPACE))

    command = [NAS, "device", "measure", "pi-cpu-1t", "--space", tmp_path / "tiny.json", "--json"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as asking:
        until(lambda: requests(service)["LEASED"])
        agent.kill()
        agent.wait()
        started(token, "one")
        try:
            report = json.loads(asking.communicate(timeout=PATIENCE_S)[0])
        finally:
            asking.kill()

    assert report["missing"] == 0
    assert report["measured_now"] == report["kernels"] > 8
    body = {"device": "pi-cpu-1t", "network": write_network(load_space(SPACE).sample(Random(0)).architecture.expand())}
    assert service.post("/v1/latency:estimate", json=body).json()["source"] == "summed"
    samples, asked = per_model(tables.sample), per_model(request_tables.request)
    assert samples == asked, "what was not steady is asked for again"
    assert len(samples) >= report["kernels"]


def per_model(table):
    """How many rows there are of each model but the fixed ones, which every session measures."""
    key = tables.signature.c.key
    counted = select(key, func.count()).join_from(table, tables.signature).where(key.not_in(FIXED_KEYS)).group_by(key)
    with Store().reading() as connection:
        return dict(connection.execute(counted).all())


def model(node, *constants):
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    return helper.make_model(helper.make_graph([node], "g", [value], [out], list(constants))).SerializeToString()


def elsewhere():
    tensor = helper.make_tensor("w", TensorProto.FLOAT, [4], [0.0] * 4)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    return model(helper.make_node("Add", ["x", "w"], ["y"]), tensor)


def huge(*more):
    tensor = onnx.TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1 << 20, 1 << 20, *more])
    return model(helper.make_node("Add", ["x", "w"], ["y"]), tensor)


def looping():
    body = helper.make_graph([helper.make_node("Identity", ["a"], ["b"])], "body", [], [])
    return model(helper.make_node("Loop", ["x"], ["y"], body=body))


def resized(sizes, *, given=("", ""), **attributes):
    constant = helper.make_tensor("sizes", TensorProto.INT64, [len(sizes)], sizes)
    raw = numpy_helper.from_array(numpy_helper.to_array(constant), "sizes")
    return model(helper.make_node("Resize", ["x", *given, "sizes"], ["y"], **attributes), raw)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (elsewhere(), "another file"),
        (resized([1 << 20, 1 << 20]), "elements"),
        (resized([-1, -1]), "elements"),
        (resized([1] * 9), "sizes that are not constants"),
        (resized([4], given=("", "x")), "by its sizes alone"),
        (resized([4, 4], keep_aspect_ratio_policy="not_smaller"), "by its sizes alone"),
        (model(helper.make_node("Resize", ["x", "", "", "x"], ["y"])), "sizes that are not constants"),
        (huge(), "elements"),
        (huge(0), "elements"),
        (huge(*[2] * 40_000), "elements"),
        (looping(), "'Loop' is not one of"),
        (model(helper.make_node("Relu", ["x"], ["y"], domain="com.evil")), "domain 'com.evil'"),
        (b"x" * 1000, "not an ONNX model"),
        (b"", "0 graphs"),
        (bytes(MAX_BYTES + 1), "bytes"),
    ],
)
def test_a_graph_that_may_do_more_than_compute_is_refused(content, reason):
    with pytest.raises(ModelRefusedError, match=reason):
        check_model(content)


def test_a_part_of_a_model_is_not_accepted_as_a_model():
    whole = max(fixed_models().values(), key=len)
    check_model(whole)

    for size in range(0, len(whole), 977):
        with pytest.raises(ModelRefusedError):
            check_model(whole[:size])
