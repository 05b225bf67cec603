import os
from dataclasses import replace

import pytest

from latency_db.commands.measuring import check_quiet
from latency_db.devices.local import local_device
from latency_db.errors import MeasurementError, UnfitMachineError
from latency_db.measuring import session as sessions
from latency_db.measuring.measure import BATCH, Effort, measure
from latency_db.profiling.measurer import Measurer
from latency_db.records.consensus import consensus_records
from latency_db.records.record import Kind, RecordState, Signature
from latency_db.records.reference_models import (
    EMPTY,
    EMPTY_KERNEL,
    EMPTY_NETWORK,
    REFERENCE,
    REFERENCE_NETWORK,
    fixed_models,
)
from latency_db.records.signatures import (
    context_signature,
    kernel_signature,
    kernel_signatures,
    network_model,
    network_signature,
)
from nas.machine.cgroup import core_count
from nas.ops import Conv, Shape
from nas.ops.kernels import Kernel
from nas.ops.notation import read_network

FAST = Effort(rounds=2, min_time_s=0.001, min_runs=3, warmup_s=0.001)
SMALL, LARGE = (Kernel(Conv(width, 3), Shape(width, 16, 16)) for width in (4, 64))
NETWORK = read_network("3x16x16: conv_16_k3_s2 [conv_32 conv_32_k3_g32 conv_16_linear] gap linear_10")


@pytest.fixture(scope="module", params=["local-cpu-1t", "local-cpu-2t"])
def records(request):
    signatures = [signature for kernel in (SMALL, LARGE) for signature in kernel_signatures(kernel)]
    models = {signature: network_model(read_network(signature.key)) for signature in signatures}
    models[network_signature(NETWORK)] = network_model(NETWORK)
    return {r.signature: r for r in measure(models, local_device(request.param), FAST)}


def test_each_session_brings_the_empty_and_the_reference_model(records):
    asked = {kernel_signature(SMALL), kernel_signature(LARGE), context_signature(LARGE), network_signature(NETWORK)}

    assert set(records) == asked | {EMPTY_KERNEL, EMPTY_NETWORK, REFERENCE_NETWORK}
    assert len({id(record.session) for record in records.values()}) == 1


def test_the_fixed_models_are_what_their_networks_are_as_onnx():
    kept = fixed_models()

    assert kept[EMPTY_KERNEL] == kept[EMPTY_NETWORK] == network_model(EMPTY)
    assert kept[REFERENCE_NETWORK] == network_model(REFERENCE)


def test_every_number_is_there_and_in_order(records):
    for record in records.values():
        for clock in (record.wall, record.cpu):
            assert 0 < clock.min_ms <= clock.p10_ms <= clock.p25_ms <= clock.median_ms <= clock.p90_ms <= clock.p99_ms
            assert clock.n >= FAST.rounds * FAST.min_runs
        assert len(record.rounds_ms) == FAST.rounds
        assert record.latency_ms == min(record.rounds_ms)


def test_256_times_the_work_takes_longer(records):
    assert records[kernel_signature(LARGE)].latency_ms > 2 * records[context_signature(LARGE)].latency_ms
    assert records[kernel_signature(LARGE)].latency_ms > 2 * records[kernel_signature(SMALL)].latency_ms
    assert records[kernel_signature(SMALL)].latency_ms > records[EMPTY_KERNEL].latency_ms


def test_a_session_records_how_steady_it_was(records):
    session = records[EMPTY_KERNEL].session
    reference = records[REFERENCE_NETWORK].rounds_ms

    assert session.reference_drift == pytest.approx(max(reference) / min(reference) - 1)
    assert (session.state is RecordState.SUSPECT) == (session.reason is not None)
    assert session.empty_ms == records[EMPTY_KERNEL].latency_ms
    seen = session.environment
    assert {"before", "after", "cpu_share", "others_cores", "cores", "placement"} == set(seen)
    assert len(seen["cores"]) == min(session.device.threads, core_count())
    assert set(seen["placement"]) == {"CPUExecutionProvider"}
    assert 0 < seen["cpu_share"] <= 2
    assert seen["others_cores"] >= 0


def test_many_models_are_measured_in_batches():
    """Each batch is a session of its own, so that memory is bounded."""
    model, rounds = network_model(SMALL.in_context()), Effort(rounds=2, min_time_s=0, min_runs=1, warmup_s=0)
    models = {Signature(f"copy {number}", Kind.KERNEL): model for number in range(BATCH + 1)}

    found = measure(models, local_device("local-cpu-1t"), rounds)

    assert len(found) == len(models) + 2 * 3
    assert len({id(record.session) for record in found}) == 2


def test_bytes_that_are_no_model_are_refused():
    with pytest.raises(MeasurementError, match="cannot run the model"):
        measure({Signature("broken", Kind.NETWORK): b"no model"}, local_device("local-cpu-1t"), FAST)


def test_a_refused_model_does_not_stop_the_others():
    refused = {}
    broken, whole = Signature("broken", Kind.NETWORK), network_signature(NETWORK)
    models = {broken: b"no model", whole: network_model(NETWORK)}

    found = measure(models, local_device("local-cpu-1t"), FAST, on_refused=refused.__setitem__)

    assert "cannot run the model" in refused.pop(broken)
    assert not refused
    assert {record.signature for record in found} == {whole, *fixed_models()}


def steered(monkeypatch, latencies):
    """Sessions in which the network takes these milliseconds, one after the other; returns those that took place."""
    real, taken = sessions.SessionRunner.run, []

    def session(bench, models):
        taken.append(list(models))
        now_ms = latencies[len(taken) - 1]
        asked = [s for s in models if s == network_signature(NETWORK)]
        records = real(bench, models)
        steady = replace(records[0].session, state=RecordState.VALID, reason=None)
        records = [replace(r, session=steady, state=RecordState.VALID, reason=None) for r in records]
        return [replace(r, latency_ms=now_ms) if r.signature in asked else r for r in records]

    monkeypatch.setattr(sessions.SessionRunner, "run", session)
    return taken


@pytest.mark.parametrize(
    ("latencies", "wanted"),
    [([1.0, 1.01], 2), ([1.0, 1.1, 1.005], 3), ([1.0, 1.1, 1.2, 1.3], 4)],
    ids=["they agree", "the third confirms the first", "unstable"],
)
def test_sessions_are_added_until_they_agree_or_are_too_many(monkeypatch, latencies, wanted):
    taken = steered(monkeypatch, latencies)
    signature = network_signature(NETWORK)
    settings = replace(FAST, rounds=1, sessions=2, most_sessions=4)

    found = measure({signature: network_model(NETWORK)}, local_device("local-cpu-1t"), settings)

    assert len(taken) == wanted
    assert [r.latency_ms for r in found if r.signature == signature] == latencies
    stands = consensus_records(found)[signature]
    assert stands.latency_ms == (1.005 if wanted == 2 else 1.0)
    assert (stands.state is RecordState.SUSPECT) == (wanted == 4)
    assert ("unstable" in (stands.reason or "")) == (wanted == 4)


def test_a_machine_that_is_not_fit_is_refused_or_its_session_marked(store, monkeypatch):
    monkeypatch.setattr(sessions, "heat", lambda: "x86_pkg_temp is at 101 °C, its limit is 100")
    device = local_device("local-cpu-1t")

    with pytest.raises(UnfitMachineError, match=r"hot: x86_pkg_temp is at 101 °C.*--noisy"):
        check_quiet(Measurer(store, device), noisy=False)
    check_quiet(Measurer(store, device), noisy=True)
    found = measure({network_signature(NETWORK): network_model(NETWORK)}, device, FAST)

    assert {record.state for record in found} == {RecordState.SUSPECT}
    assert found[0].session.reason.startswith("hot: x86_pkg_temp")


def test_a_reference_network_slower_than_before_is_reported():
    models = {network_signature(NETWORK): network_model(NETWORK)}

    session = measure(models, local_device("local-cpu-1t"), FAST, known_ms=1e-4)[0].session

    assert session.state is RecordState.SUSPECT
    assert "longer than the 0.0001 ms before" in session.reason


def test_the_measuring_thread_is_bound_to_its_cores_and_free_again_later(monkeypatch):
    seen, before = [], os.sched_getaffinity(0)
    real = sessions.TimedModel.round
    monkeypatch.setattr(
        sessions.TimedModel, "round", lambda *given: (seen.append(os.sched_getaffinity(0)), real(*given))[1]
    )

    session = measure({network_signature(NETWORK): network_model(NETWORK)}, local_device("local-cpu-1t"), FAST)[
        0
    ].session

    assert {tuple(cores) for cores in seen} == {tuple(session.environment["cores"])}
    assert len(session.environment["cores"]) == 1
    assert os.sched_getaffinity(0) == before
