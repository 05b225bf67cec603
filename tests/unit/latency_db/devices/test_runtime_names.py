import onnx
import pytest

from latency_db.devices.local import DEFAULT_RUNTIME, LocalName, is_local_name, local_device, local_names
from latency_db.devices.quantization import quantised
from latency_db.devices.runtime import FP32, INT8, runtime
from latency_db.errors import MeasurementError
from latency_db.measuring.measure import Effort, measure
from latency_db.records.signatures import network_model, network_signature
from nas.errors import UnknownNameError
from nas.machine.cgroup import core_count
from nas.ops.notation import read_network
from nas.quantization.recipes import PRECISIONS

NETWORK = read_network("3x16x16: conv_16_k3_s2 [conv_32 conv_32_k3_g32 conv_16_linear] gap linear_10")


def test_every_target_has_one_name():
    """Written and read again, for all runtimes, installed or not."""
    for name in runtime:
        for precision in runtime[name].precisions:
            target = LocalName(name, precision, 1)
            assert LocalName.read(str(target)) == target
    assert str(LocalName(DEFAULT_RUNTIME, FP32, 2)) == "local-cpu-2t"
    assert str(LocalName(DEFAULT_RUNTIME, INT8, 1)) == "local-onnxruntime_cpu-int8-1t"


@pytest.mark.parametrize(
    "name",
    [
        "local-onnxruntime_cpu-1t",  # is local-cpu-1t
        "local-cpu-int8-1t",
        "local-cpu-fp32-1t",
        "local-abacus-1t",
        "local-cpu-int3-1t",
        "local-cpu-01t",
    ],
)
def test_another_spelling_is_not_a_name(name):
    assert LocalName.read(name) is None
    assert not is_local_name(name)


def test_local_names_can_all_be_opened():
    assert local_names()[0] == "local-cpu-1t"
    for name in local_names():
        assert is_local_name(name)
        assert local_device(name).name == name


def test_a_runtime_that_is_not_installed_says_what_to_install(monkeypatch):
    monkeypatch.setattr("latency_db.devices.runtime.find_spec", lambda _: None)

    with pytest.raises(UnknownNameError, match=r"needs onnxruntime, onnx; .*`pip install onnxruntime onnx`"):
        local_device("local-onnxruntime_cpu-int8-1t")


def test_more_threads_than_cores():
    with pytest.raises(UnknownNameError, match="this machine has"):
        local_device(f"local-cpu-{core_count() + 1}t")


def test_the_fingerprint_holds_caches_and_memory():
    facts = local_device("local-cpu-1t").machine

    assert facts["memory"].endswith(" GiB")
    assert int(facts["memory"].removesuffix(" GiB")) > 0
    assert all(size[:-1].isdigit() for fact, size in facts.items() if fact.startswith("cache_l"))


def test_each_precision_is_a_device():
    models = {network_signature(NETWORK): network_model(NETWORK)}
    fast = Effort(rounds=2, min_time_s=0.001, min_runs=3, warmup_s=0.001)

    for record in measure(models, local_device("local-onnxruntime_cpu-int8-1t"), fast):
        assert record.session.device.precision == INT8
        assert record.latency_ms > 0


def test_quantising_is_deterministic_and_makes_the_model_smaller():
    model = network_model(read_network("3x16x16: conv_64_k3_s2 conv_128 gap linear_10"))

    assert quantised(model) == quantised(model)
    assert len(quantised(model)) < 0.8 * len(model)


def test_what_is_quantised_already_stays_as_it_is():
    file = quantised(network_model(NETWORK), "int8_7bit")

    assert quantised(file) == file


def test_each_recipe_is_a_precision_with_a_device():
    assert set(PRECISIONS) < set(runtime[DEFAULT_RUNTIME].precisions)
    model = network_model(NETWORK)
    files = {name: quantised(model, name) for name in PRECISIONS}
    assert len(set(files.values())) == len(PRECISIONS)
    for name in PRECISIONS:
        device = local_device(f"local-onnxruntime_cpu-{name}-1t")
        assert device.precision == name
        assert runtime.make(device.runtime).load(model, 1, name).placement()
    assert not any("s8s8" in name for name in local_names()), "listed is the default"


def test_a_model_that_cannot_be_quantised_is_refused_with_the_reason():
    graph = onnx.load_from_string(network_model(NETWORK))
    graph.graph.node[0].op_type = "Abracadabra"
    with pytest.raises(MeasurementError, match="Abracadabra"):
        runtime.make(DEFAULT_RUNTIME).load(graph.SerializeToString(), 1, INT8)
    with pytest.raises(MeasurementError, match="not an ONNX file"):
        runtime.make(DEFAULT_RUNTIME).load(b"no model", 1, INT8)
