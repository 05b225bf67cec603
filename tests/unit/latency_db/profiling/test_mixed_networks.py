"""The members of a network in floats and in integers, measured on this machine."""

import pytest

from latency_db.devices.quantization import model_ranges
from latency_db.profiling.mixed_networks import MixedTarget
from latency_db.records.signatures import network_model
from latency_db.storing.store import Store
from nas.errors import NotMeasuredError
from nas.ops.kernels import kernels
from nas.ops.notation import read_network
from nas.ops.onnx_graph import tensors_by_member
from nas.quantization.qdq import quantised
from nas.quantization.recipes import StaticQuantization

NETWORK = read_network("3x16x16: conv_16_k3_s2 [conv_32 conv_32_k3_g32 conv_16_linear] gap linear_10")
NAME = "local-onnxruntime_cpu-int8-1t"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("mixed") / "latency.db")


def test_members_and_the_fixed_cost_add_up_to_the_network_in_floats_and_in_integers(store):
    target = MixedTarget(store, NAME)
    found = target.members(NETWORK)
    estimator = target.measurer.estimator

    assert found.recipe == "int8"
    assert len(found.floats_ms) == len(found.integers_ms) == len(found.borders_ms) + 1 == 4
    assert min(found.borders_ms) >= 0
    assert target.latency_ms(network_model(NETWORK)) > 0
    assert found.sum_ms([False] * 4) == pytest.approx(estimator.estimate(NETWORK).ms)
    assert found.sum_ms([True] * 4) > found.fixed_ms
    assert estimator.is_measured(NETWORK)
    assert not MixedTarget(store, NAME).measurer.estimator.unmeasured(kernels(NETWORK)), "records are kept"


def test_a_file_partly_in_integers_is_measured_as_it_is(store):
    model = network_model(NETWORK)
    floats = frozenset(tensors_by_member(NETWORK)[1])
    file = quantised(model, StaticQuantization("int8", model_ranges(model), floats))
    target = MixedTarget(store, NAME)
    found = target.latency_ms(file)

    assert found > 0
    assert MixedTarget(store, NAME).latency_ms(file) == found, "its record is found again"


def test_a_device_in_floats_is_refused_with_the_name_of_one_in_integers(store):
    with pytest.raises(NotMeasuredError, match=r"local-cpu-1t.*computes in fp32.*local-onnxruntime_cpu-int8-1t"):
        MixedTarget(store, "local-cpu-1t")
