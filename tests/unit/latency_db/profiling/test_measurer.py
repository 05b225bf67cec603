from random import Random

import pytest
from made_up import table

from latency_db.devices.local import local_device
from latency_db.estimating.estimate import Source
from latency_db.estimating.estimator import Estimator
from latency_db.measuring.measure import Effort
from latency_db.profiling.measurer import Measurer
from latency_db.records.signatures import network_model
from nas.ops.kernels import kernels
from nas.ops.notation import read_network
from nas.spaces import load_space

NETWORK = read_network("3x8x8: conv_8_k3 conv_8_k3 conv_8_k3 gap linear_4")


@pytest.fixture(scope="module")
def networks():
    space, rng = load_space("small"), Random(0)
    return list({space.sample(rng).architecture.expand(): None for _ in range(40)})


def test_missing_kernels_are_measured_on_this_machine_and_stored(store):
    device = local_device("local-cpu-1t")
    first = Measurer(store, device)

    assert first.ensure([NETWORK, NETWORK]) == 4
    assert first.ensure([NETWORK]) == 0
    assert Estimator(store, device).estimate(NETWORK) == first.estimator.estimate(NETWORK)
    assert first.estimator.estimate(NETWORK).ms > 0


def test_networks_and_files_are_measured_side_by_side(store):
    """A measured network is estimated by its record; an ONNX file is identified by its content."""
    measurer = Measurer(store, local_device("local-cpu-1t"))
    brief = Effort(rounds=2, min_time_s=0.001, min_runs=3, warmup_s=0.001)

    found = measurer.measure_networks({"one": NETWORK, "file": network_model(NETWORK)}, brief)

    assert found["one"].session is found["file"].session
    assert found["file"].signature.key.startswith("sha256:")
    assert measurer.estimator.estimate(NETWORK).ms == found["one"].latency_ms
    assert Estimator(store, measurer.device).estimate(NETWORK).source is Source.MEASURED


def test_the_interpolation_is_fitted_again_when_a_quarter_more_is_measured(store, elsewhere, networks, monkeypatch):
    """Estimates are then those of an estimator that had all records from the start."""
    records = table(elsewhere, networks, share=0.6)
    store.add(records[:-40])
    measurer = Measurer(store, elsewhere.device)
    estimator = measurer.estimator
    before = estimator.estimate_many(networks)
    missing = estimator.unmeasured(kernel for network in networks for kernel in kernels(network))
    batches = iter([records[-40:-39], records[-39:]])
    monkeypatch.setattr("latency_db.profiling.measurer.is_local", lambda _: True)
    monkeypatch.setattr("latency_db.profiling.measurer.measure_apart", lambda *_, **__: next(batches))
    monkeypatch.setattr(Measurer, "batch", len(missing))

    assert measurer.measure_kernels(missing) == len(missing)
    one_more = estimator.estimate_many(networks)
    assert measurer.measure_kernels(missing) == len(missing)
    after = estimator.estimate_many(networks)

    assert sum(one != other for one, other in zip(before, one_more, strict=True)) < len(networks) / 2
    assert after == Estimator(store, elsewhere.device).estimate_many(networks)
    assert after != before
