import pytest

from latency_db.device import local_device
from latency_db.errors import MeasurementError
from latency_db.fixed import EMPTY, EMPTY_KERNEL, EMPTY_NETWORK, REFERENCE, REFERENCE_NETWORK, fixed_models
from latency_db.measure import (
    BATCH,
    MAX_DRIFT,
    Settings,
    measure,
)
from latency_db.models import context_signature, kernel_models, kernel_signature, network_model, network_signature
from latency_db.records import Kind, RecordState, Signature
from nas.ops import Conv, Shape
from nas.ops.kernels import Kernel
from nas.ops.notation import read_network

FAST = Settings(rounds=2, min_time_s=0.001, min_runs=3, warmup_s=0.001)
SMALL, LARGE = (Kernel(Conv(width, 3), Shape(width, 16, 16)) for width in (4, 64))
NETWORK = read_network("3x16x16: conv_16_k3_s2 [conv_32 conv_32_k3_g32 conv_16_linear] gap linear_10")


@pytest.fixture(scope="module", params=["local-cpu-1t", "local-cpu-2t"])
def records(request):
    models = kernel_models([SMALL, LARGE])
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


def test_the_session_tells_how_steady_it_was(records):
    session = records[EMPTY_KERNEL].session
    reference = records[REFERENCE_NETWORK].rounds_ms

    assert session.reference_drift == pytest.approx(max(reference) / min(reference) - 1)
    assert (
        (session.state is RecordState.SUSPECT) == (session.reference_drift > MAX_DRIFT) == (session.reason is not None)
    )
    assert session.empty_ms == records[EMPTY_KERNEL].latency_ms
    assert {"before", "after", "cpu_share"} == set(session.environment)


def test_many_models_are_measured_in_batches():
    """Each batch is a session of its own, so that memory is bounded."""
    model, rounds = network_model(SMALL.in_context()), Settings(rounds=2, min_time_s=0, min_runs=1, warmup_s=0)
    models = {Signature(f"copy {number}", Kind.KERNEL): model for number in range(BATCH + 1)}

    found = measure(models, local_device("local-cpu-1t"), rounds)

    assert len(found) == len(models) + 2 * 3
    assert len({id(record.session) for record in found}) == 2


def test_a_model_that_is_none():
    with pytest.raises(MeasurementError, match="cannot run the model"):
        measure({Signature("broken", Kind.NETWORK): b"no model"}, local_device("local-cpu-1t"), FAST)
