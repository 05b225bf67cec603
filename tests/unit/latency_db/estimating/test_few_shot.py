"""Estimates on a device of which a few whole networks are measured, by a device that has a table."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from made_up import table

from latency_db.estimating.estimate import Source
from latency_db.estimating.estimator import Estimator
from latency_db.estimating.few_shot import MIN_NETWORKS, FewShotModel, select_networks
from latency_db.records.record import Kind
from latency_db.records.signatures import kernel_signature, network_signature
from nas.errors import NotMeasuredError
from nas.network import network
from nas.ops.kernels import kernels
from nas.spaces import load_space

SAMPLES = 10


@pytest.fixture(scope="module")
def networks():
    space, rng = load_space("small"), Random(0)
    return list({space.sample(rng).architecture.expand(): None for _ in range(60)})


@pytest.fixture
def known(store, elsewhere, networks):
    """A device on which the networks' kernels are measured."""
    store.add(table(elsewhere, networks))
    return Estimator(store, elsewhere.device)


@pytest.fixture
def phone(elsewhere):
    """Another device, on which nothing is measured."""
    device = replace(elsewhere.device, name="phone", fingerprint={**elsewhere.device.fingerprint, "cpu": "Phone"})
    return replace(elsewhere, device=device, session=replace(elsewhere.session, device=device))


def on_phone(known, networks):
    """Slower, the more so the larger the network is."""
    return 2.5 * known.predict(known.index(networks), calibrated=False).ms ** 1.2


def whole(phone, networks, ms):
    return [
        phone.record(network_signature(network).key, latency, kind=Kind.NETWORK)
        for network, latency in zip(networks, ms.tolist(), strict=True)
    ]


def off(estimator, networks, truth):
    found = [one.ms for one in estimator.estimate_many(networks)]
    return float(np.mean(np.abs(np.array(found) / truth - 1)))


def test_ten_networks_and_another_devices_table_predict_the_others(store, known, phone, networks):
    truth = on_phone(known, networks)
    store.add(whole(phone, networks[:SAMPLES], truth[:SAMPLES]))

    found = Estimator(store, phone.device).estimate_many(networks[SAMPLES:])

    for one, ms in zip(found, truth[SAMPLES:], strict=True):
        assert one.ms == pytest.approx(ms, rel=0.05)
        assert one.low_ms < ms < one.high_ms
        assert (one.source, one.measured, one.interpolated, one.learned) == (Source.TRANSFERRED, 0, 0, 1)
        assert one.plain()["error_ms"] is None


def test_without_other_devices_sizes_alone_predict_and_less_well(store, known, phone, networks, tmp_path):
    truth = on_phone(known, networks)
    alone = type(store)(tmp_path / "alone.db")
    for each in (store, alone):
        each.add(whole(phone, networks[:SAMPLES], truth[:SAMPLES]))

    helped, unaided = (
        off(Estimator(each, phone.device), networks[SAMPLES:], truth[SAMPLES:]) for each in (store, alone)
    )

    assert helped < unaided / 2 < 0.25


def test_networks_measured_later_count(store, known, phone, networks):
    truth = on_phone(known, networks)
    store.add(whole(phone, networks[:MIN_NETWORKS], truth[:MIN_NETWORKS]))
    estimator = Estimator(store, phone.device)
    before = estimator.estimate(networks[-1])

    estimator.predictor.add_networks({r.signature.key: r for r in whole(phone, networks[5:20], truth[5:20])})

    after = estimator.estimate(networks[-1])
    assert after.high_ms - after.low_ms < before.high_ms - before.low_ms


def test_a_network_unlike_those_that_were_measured_has_no_estimate(store, known, phone, networks):
    """Instead of one of 10^28 ms."""
    store.add(whole(phone, networks[:MIN_NETWORKS], on_phone(known, networks[:MIN_NETWORKS])))

    with pytest.raises(NotMeasuredError, match=r"too unlike the 5 networks measured there: measure its"):
        Estimator(store, phone.device).estimate(network.make("mobilenetv1").expand())


def test_selected_networks_predict_better_than_the_first_ones(known, networks):
    truth = on_phone(known, networks)
    parts = [list(kernels(each)) for each in networks]

    def error(chosen):
        model = FewShotModel.fit([(parts[place], truth[place]) for place in chosen], [known.predictor])
        return np.mean(np.abs(model.predict(parts).ms / truth - 1))

    chosen = select_networks(parts, [known.predictor], MIN_NETWORKS)

    assert len(set(chosen)) == MIN_NETWORKS
    assert error(chosen) < error(range(MIN_NETWORKS))


def test_fewer_networks_than_the_minimum_give_no_estimate(store, known, phone, networks):
    few = MIN_NETWORKS - 1
    store.add(whole(phone, networks[:few], on_phone(known, networks[:few])))

    with pytest.raises(NotMeasuredError, match="are not measured"):
        Estimator(store, phone.device).estimate(networks[-1])


def test_measured_kernels_come_before_transfer(store, known, phone, networks):
    store.add(whole(phone, networks[:SAMPLES], on_phone(known, networks[:SAMPLES])))
    store.add(table(phone, networks))

    assert Estimator(store, phone.device).estimate(networks[-1]).source is Source.SUMMED


def test_what_the_device_refuses_is_not_transferred(store, known, phone, networks):
    store.add(whole(phone, networks[:SAMPLES], on_phone(known, networks[:SAMPLES])))
    refused = next(kernel for kernel in kernels(networks[SAMPLES]) if kernel not in set(kernels(networks[-1])))
    store.refuse(phone.device, {kernel_signature(refused): "no such op"})
    estimator = Estimator(store, phone.device)

    with pytest.raises(NotMeasuredError, match="no such op"):
        estimator.estimate(networks[SAMPLES])
    assert estimator.estimate(networks[-1]).source is Source.TRANSFERRED
