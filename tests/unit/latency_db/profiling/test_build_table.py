from dataclasses import replace
from math import inf
from random import Random

import pytest
from small_spaces import TINY, every_candidate

from latency_db.devices.local import local_device
from latency_db.devices.runtimes.onnxruntime_cpu import OnnxRuntimeCpu
from latency_db.errors import MeasurementError
from latency_db.measuring.apart import measure_here
from latency_db.profiling.build import build_table
from latency_db.profiling.kernel_frequencies import kernel_frequencies
from latency_db.profiling.measurer import Measurer
from latency_db.profiling.space_profile import profile_latency, profile_space
from latency_db.records.record import Kind, RecordState
from nas.errors import NotMeasuredError
from nas.ops.notation import write_network
from nas.spaces import load_space

TINIER = load_space(
    {
        "name": "tinier",
        "resolution": 8,
        "stem": {"width": 8, "stride": 1},
        "stages": [
            {"blocks": ["conv", {"shuffle": {"groups": 2}}], "layers": [1], "width": [16], "stride": 2},
        ],
        "channels": 1,
        "classes": 3,
    }
)


def drawn(space):
    rng = Random(0)
    return (space.sample(rng).architecture.expand() for _ in range(50))


def test_a_table_is_built_batch_by_batch_and_resumed(store, monkeypatch):
    """A call without time measures nothing; the next ones go on from what is stored."""
    monkeypatch.setattr(Measurer, "batch", 12)
    device = local_device("local-cpu-1t")

    idle = build_table(Measurer(store, device), TINY, budget_s=0)
    some = build_table(Measurer(store, device), TINY, budget_s=0.001)
    more = build_table(Measurer(store, device), TINY, budget_s=0.001)

    assert (idle.measured_now, idle.coverage) == (0, pytest.approx(0))
    assert (some.measured_before, some.measured_now) == (0, 12)
    assert some.coverage > some.measured_now / some.kernels
    assert (more.measured_before, more.measured_now, more.missing) == (12, 12, some.missing - 12)
    assert some.coverage < more.coverage < 1
    timed = replace(some, elapsed_s=6.0)
    assert timed.left_s(inf) == pytest.approx(6.0 * some.missing / 12)
    assert (timed.left_s(7.0), timed.left_s(5.0)) == (1.0, 0.0)
    assert replace(idle, elapsed_s=6.0).left_s(100.0) == 94.0


@pytest.fixture
def in_this_process(monkeypatch):
    monkeypatch.setattr("latency_db.profiling.measurer.measure_apart", measure_here)


@pytest.mark.usefixtures("in_this_process")
def test_refused_kernels_are_reported_and_the_others_measured(store, monkeypatch):
    real = OnnxRuntimeCpu.load

    def load(self, model, *more):
        if b"Transpose" in model:
            raise MeasurementError("it has no Transpose")
        return real(self, model, *more)

    monkeypatch.setattr(OnnxRuntimeCpu, "load", load)
    device = local_device("local-cpu-1t")
    shuffling = {kernel.key for kernel in kernel_frequencies(TINIER) if "shuffle" in kernel.key}

    first = build_table(Measurer(store, device), TINIER, budget_s=inf)
    again = build_table(Measurer(store, device), TINIER, budget_s=inf)

    assert first.refused == again.refused == dict.fromkeys(shuffling, "it has no Transpose")
    assert first.measured_now == again.measured_before == first.kernels - len(shuffling) > 0
    assert (first.missing, again.missing, again.measured_now) == (0, 0, 0)
    assert 0 < again.coverage == first.coverage < 1
    network = next(n for n in drawn(TINIER) if "shuffle" in write_network(n))
    with pytest.raises(NotMeasuredError, match=r"does not run '.*shuffle.*': it has no Transpose"):
        Measurer(store, device).measure_networks({"it": network})


@pytest.mark.usefixtures("in_this_process")
def test_kernels_of_an_unsteady_session_are_measured_again(store, monkeypatch):
    """Once a call, in the time that is left; the steady session decides the values."""
    problems = iter([["the first session drifted"]])
    monkeypatch.setattr("latency_db.measuring.session.problems", lambda *_: next(problems, []))
    device = local_device("local-cpu-1t")
    measurer = Measurer(store, device)

    found = build_table(measurer, TINIER, budget_s=inf)

    assert found.measured_again == found.measured_now == found.kernels > 0
    assert measurer.estimator.predictor.suspect_kernels(kernel_frequencies(TINIER)) == []
    assert {value.state for value in store.values(device, Kind.KERNEL).values()} == {RecordState.VALID}
    assert build_table(Measurer(store, device), TINIER, budget_s=inf).measured_again == 0


def test_a_table_of_another_machine_is_not_built_here(store, elsewhere):
    with pytest.raises(NotMeasuredError, match="not this machine"):
        build_table(Measurer(store, elsewhere.device), TINY, budget_s=10)


def test_profile_of_a_space():
    """The shares of a large sample are near the exact ones, and repeat with the seed."""
    exact = sum(p for candidate, p in every_candidate(TINY) if candidate.architecture.refusal() is None)

    found = profile_space(TINY, 400, seed=3)

    assert found == profile_space(TINY, 400, seed=3)
    assert found.valid_share == pytest.approx(exact, abs=0.1)
    assert found.params.minimum < found.params.median < found.params.maximum


def test_profile_of_latency_without_measurements(store, elsewhere):
    networks = profile_space(TINY, 20, seed=0).networks

    with pytest.raises(NotMeasuredError, match="pocket"):
        profile_latency(Measurer(store, elsewhere.device), networks, budget_s=10)
