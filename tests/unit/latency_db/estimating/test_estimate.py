from dataclasses import fields, replace
from math import exp, hypot, inf
from random import Random

import pytest
from made_up import table

from latency_db.estimating.estimate import Estimate, Source
from latency_db.estimating.estimator import Estimator
from latency_db.profiling.measurer import Measurer
from latency_db.records.record import Kind, RecordState
from latency_db.records.signatures import context_signature, kernel_signature, network_signature
from nas.errors import NotMeasuredError
from nas.network import network as named_network
from nas.ops.cost import network_cost
from nas.ops.kernels import kernels
from nas.ops.notation import read_network
from nas.spaces import load_space

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

    expected = (
        rf"'pocket': {4 - known} kernels are not measured, such as '{KERNELS[known].key}'.*nas device measure pocket"
    )
    with pytest.raises(NotMeasuredError, match=expected):
        estimator.estimate(NETWORK)
    with pytest.raises(NotMeasuredError, match="not this machine"):
        Measurer(store, elsewhere.device).ensure([NETWORK])


def test_records_that_another_process_adds_later_are_found(store, elsewhere):
    estimator = Estimator(store, elsewhere.device)
    assert len(estimator.unmeasured(kernels(NETWORK))) == 4

    store.add([*elsewhere.empties(), *measured(elsewhere, KERNELS)])

    assert estimator.unmeasured(kernels(NETWORK)) == []
    assert estimator.estimate(NETWORK).source is Source.SUMMED


LEVEL = 0.06


@pytest.fixture(scope="module")
def networks():
    space, rng = load_space("small"), Random(0)
    return list({space.sample(rng).architecture.expand(): None for _ in range(40)})


def end_to_end(elsewhere, store, networks):
    """Whole networks that take a factor e^LEVEL more than their kernels."""
    bare = Estimator(store, elsewhere.device)
    found = bare.predict(bare.index(networks), calibrated=False).ms
    return [
        elsewhere.record(network_signature(network).key, 0.005 + (ms - 0.005) * exp(LEVEL), kind=Kind.NETWORK)
        for network, ms in zip(networks, found.tolist(), strict=True)
    ]


def test_whole_networks_in_the_store_calibrate_those_that_were_not_measured(store, elsewhere, networks):
    """Also for an estimator that opens the store later: all is rebuilt from rows."""
    store.add(table(elsewhere, networks))
    before = [Estimator(store, elsewhere.device).estimate(network) for network in networks[20:]]
    assert {one.learned for one in before} == {0.0}
    store.add(end_to_end(elsewhere, store, networks[:20]))

    after = [Estimator(store, elsewhere.device).estimate(network) for network in networks[20:]]

    for old, new in zip(before, after, strict=True):
        assert (new.ms - 0.005) / (old.ms - 0.005) == pytest.approx(exp(LEVEL), rel=0.01)
        assert new.low_ms < new.ms < new.high_ms
        assert new.high_ms - new.low_ms < old.high_ms - old.low_ms
        assert new.measured + new.learned == pytest.approx(1)
        assert 0 < new.learned < 0.1


def test_missing_kernels_are_interpolated_and_the_estimate_says_so(store, elsewhere, networks):
    store.add(table(elsewhere, networks, share=0.5))
    estimator = Estimator(store, elsewhere.device)
    missing = set(estimator.unmeasured(kernel for network in networks for kernel in kernels(network)))

    found = estimator.estimate_many(networks)

    flagged = [one.source is Source.INTERPOLATED for one in found]
    assert flagged == [not missing.isdisjoint(kernels(network)) for network in networks]
    assert any(flagged)
    for network, one in zip(networks, found, strict=True):
        truth = 0.005 + sum(0.01 + network_cost(k.in_context()).macs * 1e-7 for k in kernels(network))
        assert 0.5 < one.ms / truth < 2
        assert (one.interpolated > 0) == (one.source is Source.INTERPOLATED)
        assert one.measured + one.interpolated + one.learned == pytest.approx(1)


def test_a_kernel_that_the_device_refuses_is_not_interpolated(store, elsewhere, networks):
    store.add(table(elsewhere, networks, share=0.8))
    estimator = Estimator(store, elsewhere.device)
    refused = estimator.unmeasured(kernel for network in networks for kernel in kernels(network))[0]
    store.refuse(elsewhere.device, {kernel_signature(refused): "no such op"})
    has = [refused in kernels(network) for network in networks]
    wanting, others = networks[has.index(True)], networks[has.index(False)]

    with pytest.raises(NotMeasuredError, match=r"does not run .*: no such op"):
        estimator.estimate(wanting)

    assert estimator.refused(wanting) == {refused: "no such op"}
    assert estimator.refused(others) == {}
    assert estimator.estimate(others).ms > 0


def test_a_record_that_is_added_later_replaces_the_interpolation(store, elsewhere, networks):
    records = table(elsewhere, networks)
    store.add(records[: len(records) - 5])
    estimator = Estimator(store, elsewhere.device)
    assert any(one.source is Source.INTERPOLATED for one in estimator.estimate_many(networks))

    store.add(records[-5:])

    assert {one.source for one in estimator.estimate_many(networks)} == {Source.SUMMED}


def test_many_networks_are_estimated_as_each_alone_is(store, elsewhere, networks):
    store.add(table(elsewhere, networks, share=0.8))
    store.add(end_to_end(elsewhere, store, networks[:10]))
    many = Estimator(store, elsewhere.device)
    many.calibrating()

    found = many.estimate_many(networks)

    for network, one in zip(networks, found, strict=True):
        alone = many.estimate(network)
        for field in fields(alone):
            assert getattr(one, field.name) == pytest.approx(getattr(alone, field.name)), field.name
    predicted = many.predict(many.index(networks))
    assert [len(column) for column in predicted] == [len(networks)] * len(predicted)


def refused_as_too_wide(estimator, network, source):
    """The message of the refusal; without its bound, the estimate is of this source."""
    with pytest.raises(NotMeasuredError) as refusal:
        estimator.estimate(network)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("latency_db.estimating.estimate.MAX_INTERVAL_RATIO", 1e9)
        assert estimator.estimate(network).source is source
    return str(refusal.value)


def test_an_interval_that_says_nothing_is_an_error_with_a_remedy(store, elsewhere, networks):
    """The network has kernels unlike those that were measured, from which they are interpolated."""
    store.add(table(elsewhere, networks[:8]))
    odd = named_network.make("lenet_5").expand()

    said = refused_as_too_wide(Estimator(store, elsewhere.device), odd, Source.INTERPOLATED)

    assert "as 3.0% of it is measured: measure more kernels with `nas device measure pocket --space SPACE`" in said


def test_measurements_that_say_nothing_are_an_error_with_a_remedy(store, elsewhere):
    """Its two best rounds differ by more than it takes; after a single round nothing is known of that."""
    record = elsewhere.record(network_signature(NETWORK).key, 0.5, kind=Kind.NETWORK)
    store.add([*elsewhere.empties(), replace(record, rounds_ms=(0.5, 0.98))])

    said = refused_as_too_wide(Estimator(store, elsewhere.device), NETWORK, Source.MEASURED)

    assert said.endswith("measure it again while nothing else runs on pocket")
    assert Estimate.of_record(replace(record, rounds_ms=(0.5, 1.2))).is_too_wide
    assert not Estimate.of_record(replace(record, rounds_ms=(0.5, 0.6))).is_too_wide
    assert not Estimate.of_record(replace(record, rounds_ms=(0.5,))).is_too_wide


@pytest.mark.parametrize("source", list(Source))
def test_the_bound_of_intervals_is_the_same_for_all_sources(source):
    for low_ms, high_ms, too_wide in [(1, 24.9, False), (1, 25.1, True), (0, 1, True), (-1, 1, True), (1, inf, True)]:
        assert Estimate(1.0, low_ms, high_ms, 0.1, source).is_too_wide is too_wide


def test_intervals_hold_what_a_single_session_measures(store, elsewhere, networks):
    """Networks with several sessions show how much slower than their consensus one may be."""
    store.add(table(elsewhere, networks))
    whole = end_to_end(elsewhere, store, networks[:20])
    store.add(whole)
    before = Estimator(store, elsewhere.device).estimate(networks[30])
    assert not len(store.session_deviations(elsewhere.device))
    again = [(r, 1 + 0.2 * number / 20) for number, r in enumerate(whole) for _ in range(3)]
    store.add([elsewhere.record(r.signature.key, r.latency_ms * slower, kind=Kind.NETWORK) for r, slower in again])

    deviations, after = store.session_deviations(elsewhere.device), Estimator(store, elsewhere.device)

    assert len(deviations) == 80
    found = after.estimate(networks[30])
    assert found.high_ms / found.ms > 1.05 * before.high_ms / before.ms
    assert after.estimate(networks[0]).source is Source.MEASURED


def test_a_network_has_one_latency_in_all_notations(store, elsewhere):
    """Its kernels are found, written as a block does or not, and so is its own record, which a further one joins."""
    ways = [
        "3x8x8: conv_8_k3 [conv_8_k3] res([conv_8]) gap linear_4",
        "3x8x8: conv_8_k3_p1 conv_8_k3 id res(conv_8|[]) gap linear_4",
        "3x8x8: [conv_8_k3] [id conv_8_k3_linear act] res(conv_8) drop_0.5 gap linear_4",
    ]
    first, *others = map(read_network, ways)
    wanted = list(dict.fromkeys(kernels(first)))
    store.add([*elsewhere.empties(), *measured(elsewhere, wanted)])
    summed = Estimator(store, elsewhere.device)
    assert [summed.estimate(other).source for other in others] == [Source.SUMMED] * 2
    assert len({summed.estimate(network).ms for network in (first, *others)}) == 1

    store.add([elsewhere.record(network_signature(first).key, 0.7, kind=Kind.NETWORK)])

    found = Estimator(store, elsewhere.device)
    assert [found.estimate(network).ms for network in (first, *others)] == [0.7] * 3
    assert {found.signature(network) for network in (first, *others)} == {network_signature(first)}
