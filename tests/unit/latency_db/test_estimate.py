from math import hypot

import pytest

from latency_db.device import local_device
from latency_db.estimate import Estimator, Source
from latency_db.measure import Settings
from latency_db.models import context_signature, kernel_signature, network_model, network_signature
from latency_db.records import Kind, RecordState
from nas.errors import NotMeasuredError
from nas.ops.kernels import kernels
from nas.ops.notation import read_network

NETWORK = read_network("3x8x8: conv_8_k3 conv_8_k3 conv_8_k3 gap linear_4")
KERNELS = list(dict.fromkeys(kernels(NETWORK)))
IMAGE = KERNELS[0]


def measured(elsewhere, wanted, *, latency_ms=0.1, context_ms=0.04, **more):
    """Records of kernels in their contexts, and of the contexts; an image's context is the empty run of 0.002 ms."""
    contexts = {context_signature(kernel).key for kernel in wanted if kernel is not IMAGE}
    return [
        *(elsewhere.record(kernel_signature(kernel).key, latency_ms, **more) for kernel in wanted),
        *(elsewhere.record(key, context_ms) for key in contexts),
    ]


def test_the_sum_is_of_what_kernels_add_to_their_contexts(store, elsewhere):
    """c0 + sum of (kernel - context), repeated kernels counted as often as they run; errors add as squares."""
    store.add([*elsewhere.empties(), *measured(elsewhere, KERNELS)])

    found = Estimator(store, elsewhere.device).estimate(NETWORK)

    assert len(KERNELS) == 4
    assert found.ms == pytest.approx(0.005 + (0.1 - 0.002) + 4 * (0.1 - 0.04))
    assert found.error_ms == pytest.approx(hypot(*[0.001] * 11))
    assert (found.source, found.kernels, found.suspect) == (Source.SUMMED, 5, 0)


def test_a_kernel_faster_than_its_context_adds_nothing(store, elsewhere):
    """The clock's noise must not make a network faster by a kernel."""
    store.add([*elsewhere.empties(), *measured(elsewhere, KERNELS, context_ms=0.11)])

    assert Estimator(store, elsewhere.device).estimate(NETWORK).ms == pytest.approx(0.005 + (0.1 - 0.002))


def test_a_network_that_was_measured_itself_is_not_summed(store, elsewhere):
    key = network_signature(NETWORK).key
    store.add([*elsewhere.empties(), elsewhere.record(key, 0.7, kind=Kind.NETWORK)])

    found = Estimator(store, elsewhere.device).estimate(NETWORK)

    assert (found.ms, found.source) == (0.7, Source.MEASURED)


def test_suspect_parts_are_counted(store, elsewhere):
    good, *bad = KERNELS
    shaky = measured(elsewhere, bad, state=RecordState.SUSPECT)
    store.add([*elsewhere.empties(), *measured(elsewhere, [good]), *shaky])

    assert Estimator(store, elsewhere.device).estimate(NETWORK).suspect == 4


@pytest.mark.parametrize("known", [0, 3])
def test_a_missing_kernel_is_an_error_with_a_remedy_and_never_zero(store, elsewhere, known):
    store.add([*elsewhere.empties(), *measured(elsewhere, KERNELS[:known])])
    estimator = Estimator(store, elsewhere.device)

    expected = rf"'pocket' lacks {4 - known} kernels, such as '{KERNELS[known].key}'.*nas device measure pocket"
    with pytest.raises(NotMeasuredError, match=expected):
        estimator.estimate(NETWORK)
    with pytest.raises(NotMeasuredError, match="not this machine"):
        estimator.ensure([NETWORK])


def test_what_another_process_measures_later_is_found(store, elsewhere):
    estimator = Estimator(store, elsewhere.device)
    assert len(estimator.unmeasured(kernels(NETWORK))) == 4

    store.add([*elsewhere.empties(), *measured(elsewhere, KERNELS)])

    assert estimator.unmeasured(kernels(NETWORK)) == []
    assert estimator.estimate(NETWORK).source is Source.SUMMED


def test_a_local_device_measures_what_is_missing_and_keeps_it(store):
    device = local_device("local-cpu-1t")
    first = Estimator(store, device)

    assert first.ensure([NETWORK, NETWORK]) == 4
    assert first.ensure([NETWORK]) == 0
    assert Estimator(store, device).estimate(NETWORK) == first.estimate(NETWORK)
    assert first.estimate(NETWORK).ms > 0


def test_networks_and_files_are_measured_side_by_side(store):
    """A network measured once answers for itself; an ONNX file is known by its content."""
    estimator = Estimator(store, local_device("local-cpu-1t"))
    brief = Settings(rounds=2, min_time_s=0.001, min_runs=3, warmup_s=0.001)

    found = estimator.measure_networks({"one": NETWORK, "file": network_model(NETWORK)}, brief)

    assert found["one"].session is found["file"].session
    assert found["file"].signature.key.startswith("sha256:")
    assert estimator.estimate(NETWORK).ms == found["one"].latency_ms
    assert Estimator(store, estimator.device).estimate(NETWORK).source is Source.MEASURED
