"""Measuring on another machine, by a fake agent that acts while the requesting side sleeps."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from onnx import TensorProto, helper
from sqlalchemy import update

from latency_db.agent.measuring_process import LEFT_OUT
from latency_db.estimating.estimate import Source
from latency_db.measuring.measure import QUICK
from latency_db.profiling.measurer import Measurer
from latency_db.records.record import Kind
from latency_db.records.signatures import kernel_signatures, network_signature, onnx_signature
from latency_db.records.wire import to_wire
from latency_db.remote import measure as remote
from latency_db.remote import tables as request_tables
from latency_db.remote.agents import Agents, Hello
from latency_db.remote.leases import Failure, Leases
from latency_db.remote.requests import Requests, checked_model
from latency_db.remote.results import read_session
from latency_db.remote.tables import RequestState
from latency_db.storing.known_devices import find_device
from nas.errors import ModelRefusedError, NotMeasuredError
from nas.ops.kernels import kernels
from nas.ops.notation import read_network

NETWORK = read_network("3x8x8: conv_8_k3 conv_8_k3 conv_8_k3 gap linear_4")
RUN = "a" * 32


@pytest.fixture
def agent(store, elsewhere):
    """A registered agent with one device."""
    machine = "b" * 32
    offered = replace(elsewhere.device, fingerprint={**elsewhere.device.fingerprint, "machine": machine})
    facts = {"runtimes": {offered.runtime: offered.runtime_version}}
    made, (name,) = Agents(store).register(Hello(machine, RUN, "pi", facts, [offered]), None)
    assert name == "pi-cpu-1t"
    return made


@pytest.fixture
def device(store, agent):  # noqa: ARG001 - registered before it can be found
    return find_device(store, "pi-cpu-1t")


def session(records):
    sent = [to_wire(record, without=LEFT_OUT) for record in records]
    return {**to_wire(records[0].session, without=LEFT_OUT), "offset_s": 0.0, "records": sent}


@pytest.fixture
def asleep(store, agent, elsewhere, monkeypatch):
    """Makes the agent measure a batch whenever it is waited for; returns the tasks of its batches."""
    batches = []

    def work(_s):
        leases = Leases(store)
        batch = leases.lease(agent.id, RUN)
        batches.append(batch.tasks)
        empty = elsewhere.record("1x1x1: id", 0.005, kind=Kind.NETWORK)
        records = [elsewhere.record(t.signature.key, 0.1, kind=t.signature.kind) for t in batch.tasks]
        one = [replace(record, session=empty.session) for record in (empty, *records)]
        assert leases.complete(agent.id, batch.id, [session(one)], [])

    monkeypatch.setattr(remote, "sleep", work)
    return batches


def test_missing_kernels_are_requested_once_and_then_estimated(store, device, asleep):
    measurer = Measurer(store, device)
    assert measurer.can_measure
    assert not measurer.is_local

    assert measurer.ensure([NETWORK, NETWORK]) == 4
    assert Measurer(store, device).ensure([NETWORK]) == 0

    asked = [task.signature for tasks in asleep for task in tasks]
    assert len(asked) == len(set(asked)) > 4
    assert measurer.estimator.estimate(NETWORK).source is Source.SUMMED


def test_a_context_that_is_measured_is_not_measured_again(store, device, asleep):
    first, second, *_ = dict.fromkeys(kernels(NETWORK))
    measurer = Measurer(store, device)
    measurer.measure_kernels([first])
    measurer.measure_kernels([first, second])

    assert [len(tasks) for tasks in asleep] == [2, 2]


def test_networks_are_measured_again(store, device, asleep):
    """As reports need them: side by side with others."""
    measurer = Measurer(store, device)
    for _ in range(2):
        assert measurer.measure_networks({"it": NETWORK})["it"].latency_ms == 0.1

    assert [[task.signature for task in tasks] for tasks in asleep] == [[network_signature(NETWORK)]] * 2
    assert measurer.estimator.estimate(NETWORK).source is Source.MEASURED


@pytest.mark.parametrize(("ahead", "ago"), [(None, "never"), (timedelta(hours=2), r"last seen -7[12]\d\d s ago")])
def test_an_agent_that_is_away_is_an_error_with_the_remedy(store, device, ahead, ago):
    """Also after the clock was set back. The requests stay queued."""
    seen_at = ahead and datetime.now(UTC) + ahead
    with store.writing() as connection:
        connection.execute(update(request_tables.agent).values(last_seen_at=seen_at))

    with pytest.raises(NotMeasuredError, match=rf"agent of 'pi' is away \({ago}\); start `nas agent`"):
        Measurer(store, device).ensure([NETWORK])

    assert Requests(store).status(device).counts[RequestState.QUEUED] > 4


def test_a_network_that_agents_do_not_take_is_refused_before_it_is_built(store, device, monkeypatch):
    monkeypatch.setattr("latency_db.remote.requests.network_model", lambda _: pytest.fail("it was built"))
    large = network_signature(read_network("4096x1x1: linear_4097"))

    reason = "it has 67141636 bytes of weights, agents take 67108864 at most"
    with pytest.raises(ModelRefusedError, match=reason):
        Requests(store).ask(device, [large], "quick", models={}, priority=0)
    with pytest.raises(NotMeasuredError, match=reason):
        Measurer(store, device).measure_networks({"it": read_network(large.key)})
    assert store.refusals(device, Kind.NETWORK) == {large.key: reason}


def test_what_the_device_cannot_run_is_an_error_with_the_reason(store, agent, device, monkeypatch):
    def refuse(_s):
        leases = Leases(store)
        batch = leases.lease(agent.id, RUN)
        failures = [Failure(task.request, "an op too many", final=True) for task in batch.tasks]
        leases.complete(agent.id, batch.id, [], failures)

    monkeypatch.setattr(remote, "sleep", refuse)

    with pytest.raises(NotMeasuredError, match=r"1 of 1 models could not be measured.*conv_8_k3.*an op too many"):
        Measurer(store, device).measure_networks({"it": NETWORK}, QUICK)


def test_kernels_that_the_device_cannot_run_are_kept_as_refused_and_the_others_measured(
    store, agent, device, elsewhere, monkeypatch
):
    def refuse_one(_s):
        leases = Leases(store)
        batch = leases.lease(agent.id, RUN)
        first, *others = batch.tasks
        records = [elsewhere.record(t.signature.key, 0.1, kind=t.signature.kind) for t in others]
        one = [replace(record, session=records[0].session) for record in records]
        leases.complete(agent.id, batch.id, [session(one)], [Failure(first.request, "an op too many", final=True)])

    monkeypatch.setattr(remote, "sleep", refuse_one)
    measurer = Measurer(store, device)

    assert measurer.ensure([NETWORK]) == 4

    ((refused, reason),) = store.refusals(device, Kind.KERNEL).items()
    assert reason == "an op too many"
    assert all(refused in keys for keys in map(kernel_keys, measurer.estimator.unmeasured(kernels(NETWORK))))
    monkeypatch.setattr(remote, "sleep", lambda _s: pytest.fail("it was asked for again"))
    assert Measurer(store, device).ensure([NETWORK]) == 0


@pytest.mark.parametrize("offset_s", [-1e9, 0.0, 1e9])
def test_a_clock_that_is_wrong_or_jumps_dates_no_session_outside_its_lease(elsewhere, offset_s):
    """An agent sends how long after the lease a session began, not the time of day."""
    sent = session([elsewhere.record("1x1x1: id", 0.005)]) | {"offset_s": offset_s}
    leased_at = datetime(2026, 5, 6, tzinfo=UTC)
    at = leased_at + timedelta(seconds=40)

    (record,) = read_session(sent, elsewhere.device, leased_at, at, "it")

    assert leased_at <= record.session.started_at <= at


def kernel_keys(kernel):
    return [signature.key for signature in kernel_signatures(kernel)]


def test_an_old_version_of_the_runtime_cannot_be_measured(store, device):
    older = replace(device, fingerprint={**device.fingerprint, "runtime_version": "1.0"})
    machine = device.machine["machine"]
    Agents(store).register(Hello(machine, RUN, "pi", {"runtimes": {device.runtime: "1.0"}}, [older]), None)

    with pytest.raises(NotMeasuredError, match=r"has onnxruntime_cpu 1\.0 now, not 1\.23"):
        Measurer(store, device).ensure([NETWORK])


def relu_of(*inputs):
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Relu", inputs, ["y"])], "g", [x], [y])
    return helper.make_model(graph).SerializeToString()


@pytest.mark.parametrize(("model", "told"), [(b"x" * 100, "ONNX"), (relu_of("x", "x"), "not a valid ONNX file")])
def test_a_file_that_is_not_a_valid_model_is_refused_and_not_stored(store, device, model, told):
    requests, signature = Requests(store), onnx_signature(model)

    with pytest.raises(ModelRefusedError, match=told):
        requests.ask(device, [signature], "quick", models={signature: model}, priority=0)

    assert sum(requests.status(device).counts.values()) == 0


def mutated(model, random):
    """The file with up to four bytes or short pieces changed, removed or inserted."""
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(model))
        removed, inserted = random.choice([(1, 1), (random.randint(1, 8), 0), (0, random.randint(1, 8))])
        model = model[:at] + random.randbytes(inserted) + model[at + removed :]
    return model


def test_a_mutated_file_is_accepted_or_refused_in_one_way():
    """Some have text that is not UTF-8, and some do not parse: the checker of onnx raises another error for each."""
    random, model, refusals = Random(11), relu_of("x"), Counter()

    for _ in range(5000):
        try:
            checked_model(mutated(model, random))
        except ModelRefusedError as error:
            refusals["UTF-8" in str(error)] += 1

    assert refusals[True] > 0
    assert refusals[False] > 0


def test_a_valid_file_is_returned_unchanged(store, device):
    model = relu_of("x")
    requests, signature = Requests(store), onnx_signature(model)

    assert requests.ask(device, [signature], "quick", models={signature: model}, priority=0) == 1
    assert requests.model(signature.key.removeprefix("sha256:")) == model
