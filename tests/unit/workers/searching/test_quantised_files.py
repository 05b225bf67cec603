"""A search on a device in 8-bit integers: accuracy, size and latency are those of one file."""

import json
from types import SimpleNamespace

import onnx
import onnxruntime
import pytest

from latency_db.devices.local import local_device
from latency_db.profiling.measurer import Measurer
from nas.dataset import load
from nas.errors import CompressionError, NotMeasuredError
from nas.export import accuracy
from nas.ops.notation import read_network
from nas.quantization.qdq import is_quantised
from nas.spec import parse_spec
from workers.folder_run.run import run
from workers.searching.finalists.quantised_files import quantise_finalists

DEVICE = "local-onnxruntime_cpu-int8_7bit-1t"
SPEC = {
    "dataset": "fashion_mnist_mini",
    "space": {
        "name": "single",
        "resolution": 28,
        "channels": 1,
        "classes": 10,
        "stem": {"width": 8, "kernel": 3, "stride": 2},
        "stages": [{"blocks": ["conv"], "layers": 1, "width": [8], "stride": 2}],
    },
    "device": DEVICE,
    "objective": {"name": "constrained", "target_latency_ms": 10},
    "evaluator": {"name": "train", "epochs": 1, "train_images": 200},
    "max_trials": 1,
    "parallel": 2,
    "finalists": {"count": 1, "epochs": 1},
    "references": ["lenet_300_100"],
}


class Silent:
    def __init__(self):
        self.said = []

    def say(self, text):
        self.said.append(text)

    def __getattr__(self, _):
        return lambda *_: None


@pytest.fixture(autouse=True)
def measured(monkeypatch, latency_file):
    """The files that are measured, by finalist and reference."""
    monkeypatch.setenv("NAS_LATENCY_DB", str(latency_file))
    found = {}

    def unmeasured(_, networks):
        found.update(networks)
        raise NotMeasuredError("which takes seconds")

    monkeypatch.setattr(Measurer, "measure_networks", unmeasured)
    return found


def test_every_number_is_of_the_file_in_integers(tmp_path, measured):
    result = run(parse_spec(SPEC), tmp_path, Silent(), executor_name="inline")
    (finalist,) = result["finalists"]
    (reference,) = result["references"]
    images, network = load("fashion_mnist_mini", 0), read_network(finalist["notation"])
    path = tmp_path / finalist["file"]
    (shipped,) = finalist["files"]

    assert finalist["file"] == shipped["file"] == f"model-{finalist['id']}-int8_7bit.onnx"
    assert is_quantised(path.read_bytes())
    about = {entry.key: json.loads(entry.value) for entry in onnx.load(path).metadata_props}
    assert about["notation"] == finalist["notation"]
    assert about["metrics"]["test_accuracy"] == finalist["metrics"]["test_accuracy"] == shipped["test_accuracy"]
    assert accuracy(path.read_bytes(), images, network) == finalist["metrics"]["test_accuracy"]
    assert finalist["metrics"]["size_bytes"] == len(measured[finalist["id"]])
    assert is_quantised(measured[finalist["id"]])
    assert "in 32-bit floats is" in finalist["note"]
    assert is_quantised(measured[reference["label"]])
    assert reference["metrics"]["size_bytes"] == len(measured[reference["label"]])
    lenet = read_network(reference["notation"])
    assert accuracy(measured[reference["label"]], images, lenet) == reference["metrics"]["test_accuracy"]

    again = run(parse_spec(SPEC), tmp_path, Silent(), executor_name="inline")
    assert again["finalists"] == result["finalists"]


def test_the_file_in_integers_takes_pictures_where_the_spec_says_so(tmp_path, measured):
    spec = SPEC | {"references": [], "export": {"input": "uint8"}}
    (finalist,) = run(parse_spec(spec), tmp_path, Silent(), executor_name="inline")["finalists"]
    file = (tmp_path / finalist["file"]).read_bytes()

    assert finalist["file"] == f"model-{finalist['id']}-int8_7bit-uint8.onnx"
    assert is_quantised(file)
    assert is_quantised(measured[finalist["id"]])
    (taken,) = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"]).get_inputs()
    assert taken.type == "tensor(uint8)"


def test_a_network_that_cannot_be_quantised_is_shipped_in_floats_with_the_reason(tmp_path):
    def refuse(*_, **__):
        raise CompressionError("it has no convolution")

    (tmp_path / "model-a.onnx").write_bytes(b"a model")
    heard = Silent()
    context = SimpleNamespace(
        devices=[SimpleNamespace(measurer=SimpleNamespace(device=local_device(DEVICE)))],
        store=SimpleNamespace(path=tmp_path, known=lambda _: None),
        listener=heard,
        spec=SimpleNamespace(device_names=[DEVICE]),
        submit=lambda *_, **__: SimpleNamespace(result=refuse),
    )
    row = {"file": "model-a.onnx", "metrics": {"test_accuracy": 0.5, "max_abs_difference": 0.0, "size_bytes": 1}}

    quantise_finalists(context, [row])

    assert row["file"] == "model-a.onnx"
    assert row["note"] == "no file in int8_7bit: it has no convolution. File and accuracy are those in 32-bit floats"
    assert f"model-a.onnx: {row['note']}" in heard.said
