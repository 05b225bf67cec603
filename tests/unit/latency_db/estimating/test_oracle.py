"""The oracle against the slow obvious version: each candidate's network is read and estimated on its own."""

from dataclasses import replace
from math import nan
from random import Random

import numpy as np
import pytest
from made_up import table

from latency_db.estimating import estimate, oracle
from latency_db.estimating.estimate import Source
from latency_db.estimating.estimator import Estimator
from latency_db.estimating.freezing import freeze
from latency_db.estimating.oracle import LATENCIES, SpaceOracle
from latency_db.records.record import Kind
from latency_db.records.signatures import kernel_signature, network_signature
from latency_db.storing.frozen import FrozenLatencies
from nas.asking.codes import choices_of, encode, random_codes
from nas.errors import NotMeasuredError
from nas.metric import network_metrics
from nas.ops.kernels import kernels
from nas.spaces import load_space

SMALL = load_space("small")
SIZES = ("macs", "params", "peak_memory_bytes", "size_bytes")
NOTHING = dict.fromkeys((*SIZES, *LATENCIES), nan)


def networks_of(space, count, seed=0):
    rng = Random(seed)
    return list({space.sample(rng).architecture.expand(): None for _ in range(count)})


def whole(elsewhere, networks, ms):
    found = zip(networks, ms, strict=True)
    return [elsewhere.record(network_signature(network).key, each, kind=Kind.NETWORK) for network, each in found]


def alone(space, estimator, row):
    """The columns of one candidate."""
    architecture = space.decode(choices_of(space, row)).architecture
    if architecture.refusal() or estimator.refused(architecture.expand()):
        return NOTHING
    network = architecture.expand()
    try:
        found = estimator.estimate(network)
    except NotMeasuredError:
        unknown = estimator.predictor.resolve(list(kernels(network)))
        return {**NOTHING, **network_metrics(network)} if unknown else NOTHING
    return {**network_metrics(network), **dict(zip(LATENCIES, (found.ms, found.low_ms, found.high_ms), strict=True))}


def check(space, store, device, codes):
    """The columns of an oracle on the file of the frozen latencies, found equal to those of each candidate alone."""
    frozen, estimator = FrozenLatencies.from_file(freeze(store, device).to_file()), Estimator(store, device)
    found = SpaceOracle(space, frozen)(codes)
    expected = [alone(space, estimator, row) for row in codes]
    assert set(found) == set(NOTHING)
    for name, column in found.items():
        assert column == pytest.approx([each[name] for each in expected], rel=1e-9, nan_ok=True), name
    return found


@pytest.mark.parametrize("name", ["small", "mobile", "mnasnet"])
def test_calibrated_sums_with_interpolated_kernels(store, elsewhere, name):
    """Invalid candidates and networks that were measured as a whole are among them."""
    space = load_space(name)
    rng = Random(0)
    members = [space.sample(rng) for _ in range(16)]
    networks = [candidate.architecture.expand() for candidate in members]
    store.add(table(elsewhere, networks, share=0.7))
    bare = Estimator(store, elsewhere.device).estimate_many(networks[:8])
    store.add(whole(elsewhere, networks[:8], [found.ms * (1.1 + 0.01 * n) for n, found in enumerate(bare)]))
    codes = np.concatenate(
        [encode(space, [each.choices for each in members[:8]]), random_codes(space, 30, np.random.default_rng(0))]
    )

    found = check(space, store, elsewhere.device, codes)

    valid = ~np.isnan(found["params"])
    assert valid[:8].all()
    assert not np.isnan(found["latency_ms"][valid]).any()
    assert valid.all() == (name == "mnasnet")
    estimator = Estimator(store, elsewhere.device)
    unmeasured = [space.decode(choices_of(space, row)).architecture.expand() for row in codes[valid][8:12]]
    assert Source.INTERPOLATED in {found.source for found in estimator.estimate_many(unmeasured)}
    assert estimator.predictor.calibration(interpolated=True).networks == 8


def test_sizes_of_networks_with_codes_for_weights(store, elsewhere):
    """Their parts add up too: what is expected of a file depends on whether any part has codes."""
    stage = {"blocks": ["mbconv"], "layers": [0, 1], "width": [8, 16], "precision": ["float32", "int4", "ternary"]}
    stages = [{**stage, "density": [1.0, 0.5]}, {"blocks": ["conv"], "layers": 1, "width": 16, "stride": 2}]
    stem = {"width": 8, "kernel": 3, "stride": 2}
    space = load_space({"name": "coded", "resolution": 16, "stem": stem, "stages": stages})
    store.add(table(elsewhere, networks_of(space, 40)))
    codes = random_codes(space, 30, np.random.default_rng(4))

    found = check(space, store, elsewhere.device, codes)

    plain = found["size_bytes"] == 4 * found["params"]
    assert 0 < plain.sum() < len(codes)
    assert (found["size_bytes"][~plain] < 4 * found["params"][~plain]).all()


def test_a_device_that_few_whole_networks_predict(store, elsewhere):
    networks = networks_of(SMALL, 40)
    store.add(table(elsewhere, networks))
    device = replace(elsewhere.device, name="phone", fingerprint={**elsewhere.device.fingerprint, "cpu": "Phone"})
    phone = replace(elsewhere, device=device, session=replace(elsewhere.session, device=device))
    ms = [3 * found.ms for found in Estimator(store, elsewhere.device).estimate_many(networks[:10])]
    store.add(whole(phone, networks[:10], ms))

    found = check(SMALL, store, device, random_codes(SMALL, 20, np.random.default_rng(1)))

    assert [each.device.name for each in freeze(store, device).devices] == ["phone", "pocket"]
    assert np.isnan(found["latency_ms"]).sum() == np.isnan(found["params"]).sum() < 10


def test_a_latency_that_cannot_be_estimated_is_nan_and_the_sizes_are_known(store, elsewhere):
    """Too few kernels are measured to interpolate the others."""
    space = load_space("small")
    codes = random_codes(space, 15, np.random.default_rng(2))
    valid = [a for row in codes if not (a := space.decode(choices_of(space, row)).architecture).refusal()]
    store.add(table(elsewhere, [valid[0].expand()]))

    found = check(space, store, elsewhere.device, codes)

    assert np.isfinite(found["params"]).sum() == len(valid)
    assert np.isfinite(found["latency_ms"]).sum() == 1


def test_only_sizes_are_known_where_nothing_is_measured(store, elsewhere):
    codes = random_codes(SMALL, 5, np.random.default_rng(6))

    found = SpaceOracle(SMALL, freeze(store, elsewhere.device))(codes)

    assert set(found) == set(SIZES)
    assert np.isfinite(found["params"]).any()


def test_candidates_that_the_device_refuses_or_whose_interval_is_too_wide_are_nan(store, elsewhere, monkeypatch):
    networks = networks_of(SMALL, 30)
    store.add(table(elsewhere, networks, share=0.7))
    codes = random_codes(SMALL, 20, np.random.default_rng(3))

    def refused():
        return np.isnan(check(SMALL, store, elsewhere.device, codes)["params"]).sum()

    before = refused()
    with monkeypatch.context() as patch:
        patch.setattr(estimate, "MAX_INTERVAL_RATIO", 1.3)
        narrow = refused()
    missing = Estimator(store, elsewhere.device).unmeasured(kernel for n in networks for kernel in kernels(n))
    store.refuse(elsewhere.device, {kernel_signature(kernel): "no such op" for kernel in missing[::4]})
    assert before < narrow < 20
    assert before < refused() < 20


def test_an_answer_does_not_depend_on_what_is_asked_beside_or_before(store, elsewhere, monkeypatch):
    store.add(table(elsewhere, networks_of(SMALL, 30), share=0.7))
    frozen, codes = freeze(store, elsewhere.device), random_codes(SMALL, 60, np.random.default_rng(4))
    known = SpaceOracle(SMALL, frozen)
    expected = known(codes)

    again, backwards = known(codes), SpaceOracle(SMALL, frozen)(codes[::-1])
    monkeypatch.setattr(oracle, "MAX_PARTS", 20)
    monkeypatch.setattr(oracle, "AT_ONCE", 7)
    forgetful = SpaceOracle(SMALL, frozen)
    in_small_parts = forgetful(codes)

    for name, column in expected.items():
        assert np.array_equal(column, again[name], equal_nan=True)
        assert np.array_equal(column, backwards[name][::-1], equal_nan=True)
        assert np.array_equal(column, in_small_parts[name], equal_nan=True)
    assert {name: len(column) for name, column in known(codes[:0]).items()} == dict.fromkeys(expected, 0)


def test_what_is_measured_later_changes_nothing_of_a_frozen_copy(store, elsewhere):
    records = table(elsewhere, networks_of(SMALL, 30))
    store.add(records[:-20])
    codes = random_codes(SMALL, 30, np.random.default_rng(5))
    frozen = freeze(store, elsewhere.device)
    before = SpaceOracle(SMALL, frozen)(codes)
    store.add([*records[-20:], *(elsewhere.record(r.signature.key, 2 * r.latency_ms) for r in records[2:50])])

    kept = FrozenLatencies.from_file(frozen.to_file())
    after, now = SpaceOracle(SMALL, kept)(codes), freeze(store, elsewhere.device)

    assert kept.digest == SpaceOracle(SMALL, kept).digest == frozen.digest != now.digest
    for name, column in before.items():
        assert np.array_equal(column, after[name], equal_nan=True)
    assert not np.allclose(SpaceOracle(SMALL, now)(codes)["latency_ms"], before["latency_ms"], equal_nan=True)
