"""The runtimes on a GPU, tested without one: when they are available, and how they call their libraries."""

from dataclasses import replace

import pytest

from latency_db.devices import gpu, onnxruntime_model
from latency_db.devices.local import LocalName, local_names
from latency_db.devices.runtime import runtime
from latency_db.devices.runtimes import onnxruntime_cuda, torch_cuda_graphs
from latency_db.records.record import Statistic

NAMES = ("onnxruntime_cuda", "torch_cuda_graphs")
H100 = "NVIDIA H100 PCIe, driver 550.54.15"


@pytest.fixture
def driver(tmp_path):
    """The files of a driver with a GPU, as under /proc."""
    (tmp_path / "gpus" / "0000:01:00.0").mkdir(parents=True)
    (tmp_path / "gpus" / "0000:01:00.0" / "information").write_text("Model: \t\t NVIDIA H100 PCIe\nIRQ:   \t\t 12\n")
    (tmp_path / "version").write_text("NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar 5 2024\n")
    return tmp_path


@pytest.fixture
def with_gpu(monkeypatch):
    for module in (gpu, onnxruntime_cuda, torch_cuda_graphs):
        monkeypatch.setattr(module, "gpu_name", lambda: H100)


def test_a_gpu_is_found_by_its_drivers_files(driver, tmp_path):
    assert gpu.gpu_name(driver) == H100
    (driver / "version").unlink()
    assert gpu.gpu_name(driver) == "NVIDIA H100 PCIe"
    assert gpu.gpu_name(tmp_path / "absent") is None


@pytest.mark.parametrize("name", NAMES)
def test_without_a_gpu_they_are_unavailable_with_the_reason(name, monkeypatch):
    monkeypatch.setattr(gpu, "gpu_name", lambda: None)

    assert "needs an NVIDIA GPU" in runtime.make(name).unavailable()
    assert str(LocalName(name, "fp32", 1)) not in local_names()


@pytest.mark.usefixtures("with_gpu")
def test_a_build_for_the_cpu_says_what_to_install(monkeypatch):
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])
    monkeypatch.setattr(torch_cuda_graphs, "version", lambda _: "2.13.0+cpu")

    assert "pip install onnxruntime-gpu" in runtime.make(NAMES[0]).unavailable()
    assert "built for CUDA" in runtime.make(NAMES[1]).unavailable()


@pytest.mark.usefixtures("with_gpu")
def test_with_a_build_for_it_the_gpu_is_part_of_the_version_and_wall_time_counts(monkeypatch, elsewhere):
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: [onnxruntime_cuda.PROVIDER])
    monkeypatch.setattr(torch_cuda_graphs, "version", lambda _: "2.13.0+cu130")

    for name in NAMES:
        made = runtime.make(name)
        assert made.unavailable() is None
        assert made.version().endswith(f"({H100})")
        assert Statistic.of(replace(elsewhere.device, runtime=name)) is Statistic.WALL_P10_BEST
    assert "no precision 'int8'" in runtime.make(NAMES[0]).unavailable("int8")


def test_tensors_stay_on_the_gpu_and_floats_are_not_shortened(monkeypatch):
    asked = []
    monkeypatch.setattr(onnxruntime_model, "load_model", lambda *given: asked.append(given))

    runtime.make("onnxruntime_cuda").load(b"a model", 1)

    ((model, threads, providers, place),) = asked
    assert (model, threads, place) == (b"a model", 1, "cuda")
    assert [name for name, *_ in (p if isinstance(p, tuple) else (p,) for p in providers)] == [
        "CUDAExecutionProvider",
        "CPUExecutionProvider",
    ]
    assert providers[0][1]["use_tf32"] == "0"
