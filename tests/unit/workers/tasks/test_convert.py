"""A finalist as the file of its runtime: a runtime of the test's own has its own format and needs no packages."""

import json
import time
from dataclasses import replace
from random import Random
from types import SimpleNamespace

import numpy as np
import onnxruntime
import pytest
from live_service import ledger_of, take, tell

from latency_db.devices.formats import formats, runtime_of
from latency_db.devices.local import local_device
from latency_db.devices.runtime import Runtime, runtime
from latency_db.devices.runtimes.onnxruntime_cpu import OnnxRuntimeCpu
from latency_db.errors import MeasurementError
from latency_db.measuring.apart import measure_here
from latency_db.profiling.measurer import Measurer
from nas.dataset import dataset
from nas.errors import ExportError, NotMeasuredError, UnknownNameError
from nas.evaluator import evaluator
from nas.export import export
from nas.ops.notation import read_network, write_network
from nas.ops.torch_reading.module import build
from nas.report import report_html
from nas.service.artifact_store import ArtifactStore
from nas.service.settings import Settings
from nas.spaces import load_space
from nas.spec import parse_spec
from workers.dispatching.exports import Exporter
from workers.executing.executors.inline import InlineExecutor
from workers.executing.scheduler import Scheduler
from workers.folder_run.run import run
from workers.searching.finalists.files import add_files
from workers.searching.recording.training_keys import TrainingKeys
from workers.tasks.convert import Conversion, convert
from workers.tasks.train import Setup

NOTATION = "1x28x28: conv_4_k3_s4 gap linear_10"
DATA = {"name": "fashion_mnist_mini"}
SETUP = Setup.of(DATA, {"name": "train", "epochs": 1}, seed=0, threads=1)
MAGIC = b"mirrored "
SPACE = {
    "name": "single",
    "resolution": 28,
    "channels": 1,
    "classes": 10,
    "stem": {"width": 4, "kernel": 3, "stride": 2},
    "stages": [{"blocks": ["conv"], "layers": 1, "width": [4, 8], "stride": 2}],
}
SPEC = {
    "dataset": DATA["name"],
    "space": SPACE,
    "device": "local-mirror-1t",
    "objective": {"name": "constrained", "target_latency_ms": 10},
    "evaluator": {"name": "train", "epochs": 1, "train_images": 200},
    "max_trials": 1,
    "parallel": 2,  # one thread each: so small a training only waits for a second one
    "finalists": {"count": 1, "epochs": 1},
    "references": [],
}


class Mirror(Runtime):
    """Reads its models backwards."""

    suffix = ".mirror"
    packages = ("numpy",)
    extra = "mirror"

    def version(self):
        return "7"

    def export(self, model):
        return MAGIC + model[::-1]

    def load(self, model, threads, precision="fp32"):
        return OnnxRuntimeCpu().load(self.export(model).removeprefix(MAGIC)[::-1], threads, precision)


class Shifted(Mirror):
    """A runtime with a fault."""

    def load(self, model, threads, precision="fp32"):
        session = super().load(model, threads, precision)
        right = session.scores
        session.scores = lambda image: right(image) + 1
        return session


class Silent:
    """Shows nothing, and keeps the messages."""

    def __init__(self):
        self.said = []

    def say(self, text):
        self.said.append(text)

    def __getattr__(self, _):
        return lambda *_: None


@pytest.fixture(autouse=True)
def mirror(monkeypatch):
    def use(plugin):
        plugin.name = "mirror"
        monkeypatch.setitem(runtime._classes, "mirror", plugin)
        return plugin

    list(runtime)  # scanned, before one is added
    return use(Mirror), use


@pytest.fixture(scope="module")
def images():
    whole = dataset.make(DATA).load(0)
    return replace(whole, test=whole.test[np.arange(300)])


@pytest.fixture(scope="module")
def exported(images):
    network = read_network(NOTATION)
    return export(network, build(network, 0), images, {})


def converted(exported, images):
    return convert(SETUP, images, Conversion(NOTATION, exported.file, "mirror"), report=None)


def test_a_converted_file_is_tested_as_the_onnx_file_was(exported, images):
    found = converted(exported, images)

    assert found.file == MAGIC + exported.file[::-1]
    assert found.test_accuracy == pytest.approx(exported.test_accuracy)
    assert found.metrics["max_abs_difference"] < 1e-6
    assert (found.runtime, found.runtime_version, found.metrics["size_bytes"]) == ("mirror", "7", len(found.file))


def test_a_file_that_computes_something_else_is_none(exported, images, mirror):
    mirror[1](Shifted)

    with pytest.raises(ExportError, match="differ from ONNX Runtime's by 1"):
        converted(exported, images)


def test_without_the_runtimes_packages_the_remedy_is_said(exported, images, monkeypatch):
    monkeypatch.setattr(Mirror, "packages", ("no_such_package",))

    with pytest.raises(ExportError, match=r"pip install 'nas\[mirror\]'` where trials are trained.*again as mirror"):
        converted(exported, images)


def test_formats_are_those_of_the_runtimes():
    assert formats() == ["onnx", "mirror", "ncnn", "pte", "tflite"]
    assert (runtime_of("mirror"), runtime_of("tflite")) == ("mirror", "litert")
    for other in ("onnx", "pickle"):
        with pytest.raises(UnknownNameError, match="mirror"):
            runtime_of(other)


def test_a_search_hands_out_its_runtimes_files_and_tries_again_what_failed(tmp_path, latency_file, monkeypatch):
    monkeypatch.setenv("NAS_LATENCY_DB", str(latency_file))

    def refuse(*_, **__):
        raise MeasurementError("it has no convolution")

    def unmeasured(*_):
        raise NotMeasuredError("which takes seconds")

    monkeypatch.setattr(Measurer, "measure_networks", unmeasured)
    monkeypatch.setattr("latency_db.profiling.measurer.measure_apart", measure_here)  # where mirror is known

    with monkeypatch.context() as patch:
        patch.setattr("workers.searching.finalists.files.convert", refuse)
        incomplete = run(parse_spec(SPEC), tmp_path, Silent(), executor_name="inline")["finalists"][0]
    whole = run(parse_spec(SPEC), tmp_path, Silent(), executor_name="inline")
    (finalist,) = whole["finalists"]

    assert [file["format"] for file in incomplete["files"]] == ["onnx"]
    assert incomplete["note"] == "no .mirror beside the .onnx: it has no convolution"
    onnx, mirrored = finalist["files"]
    assert (onnx["file"], finalist["note"]) == (finalist["file"], None)
    assert (tmp_path / mirrored["file"]).read_bytes().startswith(MAGIC)
    assert mirrored["test_accuracy"] == pytest.approx(finalist["metrics"]["test_accuracy"])
    assert json.loads((tmp_path / "pareto.json").read_text())["finalists"][0]["files"] == finalist["files"]
    page = report_html(whole)
    assert f'href="{mirrored["file"]}"' in page
    assert "for mirror 7" in page
    assert incomplete["note"] in report_html({**whole, "finalists": [incomplete]})


@pytest.mark.parametrize(
    ("device", "said"),
    [("local-onnxruntime_cpu-int8-1t", "in int8, which nas measures and does not ship"), ("local-cpu-1t", "")],
)
def test_files_say_where_the_latency_is_that_of_another_precision(device, said):
    row = {"file": "m.onnx", "metrics": {"test_accuracy": 0.5, "max_abs_difference": 0.0, "size_bytes": 1}}

    on = SimpleNamespace(name=device, measurer=SimpleNamespace(device=local_device(device)))
    add_files(SimpleNamespace(devices=[on]), [row])

    assert [file["format"] for file in row["files"]] == ["onnx"]
    assert said in (row["note"] or "")
    assert bool(row["note"]) == bool(said)


def test_a_trial_is_exported_for_a_runtime_from_the_network_that_was_trained_before(tmp_path, images):
    """The training of another export serves: only the conversion is new. The .onnx takes pictures, as the spec says."""
    settings = Settings(home=tmp_path, executor="inline", threads=1)
    candidate = load_space(SPACE).sample(Random(0))
    network = candidate.architecture.expand()
    trained = export(network, build(network, 0), images, {})
    with ledger_of(settings) as ledger:
        asked = SPEC | {"export": {"input": "uint8"}}
        ledger.searches.submit(parse_spec(asked).model_dump(mode="json"), name="for a runtime")
        owner = take(ledger)
        described = {"architecture_id": candidate.architecture.id, "notation": write_network(network)}
        described |= {"architecture": candidate.architecture.to_dict(), "choices": dict(candidate.choices)}
        owner.add({"event": "asked", "trial": 0, "metrics": {}, **described})
        tell(owner, 0)
        owner.end("SUCCEEDED")
        spec, data = parse_spec(SPEC), dataset.make(DATA).load(0)
        key = TrainingKeys(spec, evaluator.make(spec.evaluator, data, 0), data).finalist(candidate.architecture.id)
        sha256, _ = ArtifactStore(settings.artifacts, ledger.artifacts).add(trained.file)
        ledger.trainings.put(key, {"validation_accuracy": 0.5, "test_accuracy": 0.4, "model": sha256})
        wanted, _ = ledger.exports.request(f"{owner.lease.search_id}.0", "mirror", None)

        exporting = Exporter(ledger, settings, Scheduler(InlineExecutor(1)), "the test")
        exporting.tick()
        until(lambda: ledger.exports.get(wanted.id).ended_at)
        found = ledger.exports.get(wanted.id)

        assert (found.state, found.reason) == ("SUCCEEDED", None)
        assert found.file == f"model-{candidate.architecture.id}-1-epochs.mirror"
        file = ArtifactStore(settings.artifacts, ledger.artifacts).path(found.artifact_sha256)
        assert file.read_bytes() == MAGIC + trained.file[::-1]
        assert found.metrics["validation_accuracy"] == 0.5
        assert found.metrics["size_bytes"] == file.stat().st_size
        assert found.metrics["max_abs_difference"] < 1e-6
        assert found.metrics["test_accuracy"] != 0.4

        wanted, _ = ledger.exports.request(f"{owner.lease.search_id}.0", "onnx", None)
        until(lambda: exporting.tick() or ledger.exports.get(wanted.id).ended_at)
        found = ledger.exports.get(wanted.id)
        assert (found.state, found.reason) == ("SUCCEEDED", None)
        assert found.file == f"model-{candidate.architecture.id}-1-epochs-uint8.onnx"
        file = ArtifactStore(settings.artifacts, ledger.artifacts).path(found.artifact_sha256)
        (taken,) = onnxruntime.InferenceSession(file).get_inputs()
        assert (taken.type, taken.shape) == ("tensor(uint8)", ["batch", "height", "width", 1])
        assert found.metrics["size_bytes"] == file.stat().st_size

        wanted, _ = ledger.exports.request(f"{owner.lease.search_id}.0", "onnx", None, "float32")
        until(lambda: exporting.tick() or ledger.exports.get(wanted.id).ended_at)
        assert ledger.exports.get(wanted.id).artifact_sha256 == sha256, "whatever the spec says"


def until(happened):
    end = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)
