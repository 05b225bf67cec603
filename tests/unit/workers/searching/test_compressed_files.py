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


def graph(file):
    """What it computes, without metadata."""
    return onnx.load_from_string(file).graph


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
    assert shipped.graph == graph(unpacked(compressed)) == graph(measured[finalist["id"]])
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


@pytest.fixture
def plain(spec):
    """A search of networks in floats, whose finalist is compressed."""
    stages = [{name: value for name, value in stage.items() if name not in DECIDED} for stage in spec.space["stages"]]
    data = spec.model_dump(mode="json")
    finalists = {**data["finalists"], "compression": {"preset": "ttq", "epochs": 1}}
    return {**data, "space": {**data["space"], "stages": stages}, "finalists": finalists}


def test_a_finalist_is_compressed_as_a_step_of_the_search(tmp_path, plain, measured):
    spec = parse_spec(plain)
    assert spec.model_dump(mode="json")["finalists"]["compression"] == {"preset": "ttq", "epochs": 1}
    result = run(spec, tmp_path, Silent(), executor_name="inline")
    (finalist,) = result["finalists"]
    onnx_file, naz = finalist["files"]
    compressed = (tmp_path / naz["file"]).read_bytes()
    name = f"model-{finalist['id']}-ttq-of-1-epochs"

    assert (onnx_file["file"], naz["file"]) == (f"{name}.onnx", f"{name}.naz")
    assert finalist["file"] == naz["unpacks_to"] == onnx_file["file"]
    assert finalist["metrics"]["size_bytes"] == len(compressed)
    images = dataset.make(spec.dataset).load(spec.seed)
    tested = accuracy(unpacked(compressed), images, read(compressed).network)
    assert finalist["metrics"]["test_accuracy"] == onnx_file["test_accuracy"] == tested
    assert graph(measured[finalist["id"]]) == graph((tmp_path / finalist["file"]).read_bytes())
    assert "compressed by ttq-of-1-epochs; its test accuracy in 32-bit floats is" in finalist["note"]

    again = run(spec, tmp_path, Silent(), executor_name="inline")
    assert again["finalists"] == result["finalists"]


def test_a_finalist_that_cannot_be_compressed_stays_in_floats_with_the_reason(tmp_path, plain, measured):
    layers = {"name": "prune", "density": [0.1], "epochs": 1}
    finalists = {**plain["finalists"], "compression": {"plan": {"stages": [layers]}}}
    result = run(parse_spec({**plain, "finalists": finalists}), tmp_path, Silent(), executor_name="inline")
    (finalist,) = result["finalists"]

    assert finalist["file"] == f"model-{finalist['id']}.onnx"
    assert [file["format"] for file in finalist["files"]] == ["onnx"]
    assert "1 values for" in finalist["note"]
    assert graph(measured[finalist["id"]]) == graph((tmp_path / finalist["file"]).read_bytes())


def test_a_plan_that_is_wrong_is_refused_before_anything_is_trained(tmp_path, plain):
    finalists = {**plain["finalists"], "compression": {"plan": {"stages": [{"name": "prune", "density": 7}]}}}
    spec = parse_spec({**plain, "finalists": finalists})

    with pytest.raises(SpecError, match=r"stages\.0\.density"):
        run(spec, tmp_path, Silent(), executor_name="inline")
    assert not (tmp_path / "trials.jsonl").exists() or not (tmp_path / "trials.jsonl").read_text()


@pytest.mark.parametrize(
    ("compression", "message"),
    [
        ("smaller", r"finalists\.compression\.preset: .*there is no preset 'smaller'"),
        ({}, r"finalists\.compression: .*give either preset or plan"),
        ({"preset": "ttq", "epochs": 0}, r"finalists\.compression\.epochs"),
    ],
)
def test_a_compression_that_is_none_is_refused_at_submit(plain, compression, message):
    with pytest.raises(SpecError, match=message):
        parse_spec({**plain, "finalists": {**plain["finalists"], "compression": compression}})


def test_networks_with_codes_are_not_compressed_again(spec):
    data = spec.model_dump(mode="json")

    with pytest.raises(SpecError, match=r"finalists\.compression: the space decides on precisions"):
        parse_spec({**data, "finalists": {**data["finalists"], "compression": "ttq"}})
