from collections import Counter
from random import Random

import pytest

from latency_db.devices.local import local_device
from latency_db.devices.runtimes.onnxruntime_cpu import OnnxRuntimeCpu
from latency_db.errors import MeasurementError
from latency_db.profiling.build import build_table
from latency_db.profiling.kernel_frequencies import kernel_frequencies
from latency_db.profiling.measurer import Measurer
from latency_db.profiling.space_profile import profile_latency, profile_space
from latency_db.records.record import Kind, RecordState
from nas.errors import InfeasibleError, NotMeasuredError
from nas.ops.kernels import kernels
from nas.ops.notation import write_network
from nas.spaces import load_space

SPACE = load_space(
    {
        "name": "tiny",
        "resolution": [8, 9],
        "width_multiplier": [0.5, 1.0],
        "stem": {"width": 8, "stride": 1},
        "stages": [
            {"blocks": ["conv", {"shuffle": {"groups": [2, 4]}}], "layers": [0, 1, 2], "width": [16, 24], "stride": 2},
            {"blocks": [{"shuffle": {"groups": 2}}, "fire"], "layers": [1, 2], "width": [16, 32], "stride": [1, 2]},
        ],
        "head": 16,
        "channels": 1,
        "classes": 3,
    }
)

TINY = load_space(
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


def every_architecture(space):
    """All answers to all decisions, by trying every first open question in turn; each with its probability."""
    open_ends = [((), 1.0)]
    while open_ends:
        answers, probability = open_ends.pop()
        asked = []

        def choose(decision, answers=answers, asked=asked):
            asked.append(len(decision.options))
            return answers[len(asked) - 1] if len(asked) <= len(answers) else 0

        candidate = space.walk(choose)
        if len(asked) == len(answers):
            yield candidate.architecture, probability
        else:
            options = asked[len(answers)]
            open_ends += [((*answers, index), probability / options) for index in range(options)]


def test_kernels_and_frequencies_are_those_of_all_networks():
    """The dynamic programme against the slow obvious enumeration, invalid networks included."""
    expected, valid = Counter(), 0.0
    for architecture, probability in every_architecture(SPACE):
        if architecture.refusal() is None:
            valid += probability
            for kernel in kernels(architecture.expand()):
                expected[kernel] += probability

    found = kernel_frequencies(SPACE)

    assert 0 < valid < 1
    assert set(found) == set(expected)
    assert found == pytest.approx({kernel: share / valid for kernel, share in expected.items()})
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_a_space_without_networks_has_no_table():
    stages = [{"blocks": [{"shuffle": {"groups": 2}}], "layers": 1, "width": 4, "stride": 1}]
    space = load_space({"name": "none", "resolution": 8, "stem": {"width": 8}, "stages": stages})

    with pytest.raises(InfeasibleError, match="none of its networks"):
        kernel_frequencies(space)


def test_a_table_is_built_batch_by_batch_and_resumed(store):
    """A call without time measures nothing; the next ones go on from what is stored."""
    device = local_device("local-cpu-1t")

    idle = build_table(Measurer(store, device), SPACE, budget_s=0)
    some = build_table(Measurer(store, device), SPACE, budget_s=0.001)
    more = build_table(Measurer(store, device), SPACE, budget_s=0.001)

    assert (idle.measured_now, idle.coverage) == (0, pytest.approx(0))
    assert (some.measured_before, some.measured_now) == (0, 64)
    assert some.coverage > some.measured_now / some.kernels
    assert (more.measured_before, more.measured_now, more.missing) == (64, 64, some.missing - 64)
    assert some.coverage < more.coverage < 1


def test_what_the_runtime_refuses_is_told_and_the_table_goes_on(store, monkeypatch):
    real = OnnxRuntimeCpu.load

    def load(self, model, *more):
        if b"Transpose" in model:
            raise MeasurementError("it has no Transpose")
        return real(self, model, *more)

    monkeypatch.setattr(OnnxRuntimeCpu, "load", load)
    device = local_device("local-cpu-1t")
    shuffling = {kernel.key for kernel in kernel_frequencies(TINY) if "shuffle" in kernel.key}

    first = build_table(Measurer(store, device), TINY, budget_s=60)
    again = build_table(Measurer(store, device), TINY, budget_s=60)

    assert first.refused == again.refused == dict.fromkeys(shuffling, "it has no Transpose")
    assert first.measured_now == again.measured_before == first.kernels - len(shuffling) > 0
    assert (first.missing, again.missing, again.measured_now) == (0, 0, 0)
    assert 0 < again.coverage == first.coverage < 1
    network = next(n for n in drawn(TINY) if "shuffle" in write_network(n))
    with pytest.raises(NotMeasuredError, match=r"does not run '.*shuffle.*': it has no Transpose"):
        Measurer(store, device).measure_networks({"it": network})


def test_what_was_measured_on_an_unsteady_machine_is_measured_again(store, monkeypatch):
    """Once a call, in the time that is left; the values that stand are those of the steady session."""
    doubts = iter([["the first session drifted"]])
    monkeypatch.setattr("latency_db.measuring.session.doubts", lambda *_: next(doubts, []))
    device = local_device("local-cpu-1t")
    measurer = Measurer(store, device)

    found = build_table(measurer, TINY, budget_s=60)

    assert found.measured_again == found.measured_now == found.kernels > 0
    assert measurer.estimator.predictor.suspect(kernel_frequencies(TINY)) == []
    assert {value.state for value in store.values(device, Kind.KERNEL).values()} == {RecordState.VALID}
    assert build_table(Measurer(store, device), TINY, budget_s=60).measured_again == 0


def test_a_table_of_another_machine_is_not_built_here(store, elsewhere):
    with pytest.raises(NotMeasuredError, match="not this machine"):
        build_table(Measurer(store, elsewhere.device), SPACE, budget_s=10)


def test_profile_of_a_space():
    """The shares of a large sample are near the exact ones, and repeat with the seed."""
    exact = sum(p for architecture, p in every_architecture(SPACE) if architecture.refusal() is None)

    found = profile_space(SPACE, 400, seed=3)

    assert found == profile_space(SPACE, 400, seed=3)
    assert found.valid_share == pytest.approx(exact, abs=0.1)
    assert found.params.minimum < found.params.median < found.params.maximum


def test_profile_of_latency_without_measurements(store, elsewhere):
    networks = profile_space(SPACE, 20, seed=0).networks

    with pytest.raises(NotMeasuredError, match="pocket"):
        profile_latency(Measurer(store, elsewhere.device), networks, budget_s=10)
