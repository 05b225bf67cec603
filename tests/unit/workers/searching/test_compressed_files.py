"""Finalists with codes for weights: every number is of the compressed file and of what it unpacks to."""

import json

import onnx
import pytest

from latency_db.profiling.measurer import Measurer
from nas.compressing.files import unpacked
from nas.container.file import read
from nas.dataset import dataset
from nas.errors import NotMeasuredError, SpecError
from nas.export import accuracy
from nas.ops.notation import read_network
from nas.spec import parse_spec
from workers.folder_run.run import run

DECIDED = {"precision": "int4", "density": 0.5}


class Silent:
    def __getattr__(self, _):
        return lambda *_: None


@pytest.fixture
def spec(spec):
    """With codes for the weights of its only stage."""
    stages = [{**stage, **DECIDED} for stage in spec["space"]["stages"]]
    trained = {"evaluator": {"name": "train", "epochs": 1}, "finalists": {"count": 1, "epochs": 1}, "max_trials": 1}
    return parse_spec({**spec, "space": {**spec["space"], "stages": stages}, **trained})


@pytest.fixture
def measured(monkeypatch):
    """The files that are measured, by finalist."""
    found = {}

    def unmeasured(_, networks):
        found.update(networks)
        raise NotMeasuredError("it is not here")

    monkeypatch.setattr(Measurer, "measure_networks", unmeasured)
    return found


def test_a_finalist_with_codes_is_its_compressed_file(tmp_path, spec, measured):
    result = run(spec, tmp_path, Silent(), executor_name="inline")
    (finalist,) = result["finalists"]
    network = read_network(finalist["notation"])
    onnx_file, naz = finalist["files"]
    compressed = (tmp_path / naz["file"]).read_bytes()

    assert "w4_d0.5" in finalist["notation"]
    assert (naz["format"], naz["file"]) == ("naz", f"model-{finalist['id']}.naz")
    assert naz["unpacks_to"] == onnx_file["file"] == finalist["file"]
    assert finalist["metrics"]["size_bytes"] == naz["size_bytes"] == len(compressed)
    tested = accuracy(unpacked(compressed), dataset.make(spec.dataset).load(spec.seed), network)
    assert finalist["metrics"]["test_accuracy"] == onnx_file["test_accuracy"] == tested
    assert read(compressed).network == network
    shipped = onnx.load(tmp_path / finalist["file"])
    assert shipped.graph == onnx.load_from_string(unpacked(compressed)).graph
    assert onnx.load_from_string(measured[finalist["id"]]).graph == shipped.graph
    assert json.loads(next(each.value for each in shipped.metadata_props if each.key == "id")) == finalist["id"]
    (trial,) = result["trials"]
    assert trial["metrics"]["size_bytes"] == pytest.approx(len(compressed), rel=0.2)
    assert naz["file"] in (tmp_path / "report.html").read_text()

    (tmp_path / naz["file"]).unlink()
    again = run(spec, tmp_path, Silent(), executor_name="inline")
    assert again["finalists"] == result["finalists"]
    assert (tmp_path / naz["file"]).read_bytes() == compressed


def test_a_device_in_integers_refuses_precisions_of_stages(tmp_path, spec):
    in_integers = spec.model_copy(update={"device": "local-onnxruntime_cpu-int8_7bit-1t"})

    with pytest.raises(SpecError, match="computes whole networks in int8_7bit"):
        run(in_integers, tmp_path, Silent(), executor_name="inline")
