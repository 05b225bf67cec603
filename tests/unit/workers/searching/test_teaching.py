"""A whole search with a teacher: what it tells, what follows the teacher, and how it goes on after a kill."""

import json

import onnx
import pytest
from teachers import teacher

from nas.errors import ChangedError, SpecError
from nas.onnx_file.metadata import properties
from nas.spec import load_spec, parse_spec
from workers.folder_run.run import run
from workers.searching import teaching

TRAINED = {"name": "train", "epochs": 1, "batch_size": 16}


@pytest.fixture
def taught(spec, tmp_path, monkeypatch):
    """A spec with a teacher, two networks to train, and no finalists."""
    monkeypatch.setenv("NAS_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(teaching, "PART", 24)
    path = tmp_path / "teacher.onnx"
    path.write_bytes(teacher())
    more = {"model": str(path), "pixels": "0-1"}
    return spec | {"evaluator": TRAINED, "max_trials": 2, "teacher": more}


def searched(spec, out, listener, executor="inline"):
    return run(parse_spec(spec), out, listener, executor_name=executor)


def losses(record):
    return [trial["metrics"]["loss"] for trial in record["trials"]]


def test_trials_and_finalists_follow_it_and_what_is_told_names_it(tmp_path, taught, listener):
    heard, one = listener(), {"finalists": {"count": 1, "epochs": 1}}
    record = searched(taught | one, tmp_path / "out", heard)
    plain = searched(taught | {"teacher": None}, tmp_path / "plain", listener())
    only_trials = taught["teacher"] | {"finalists": False}
    alone = searched(taught | one | {"teacher": only_trials}, tmp_path / "alone", listener())

    told = record["teacher"]
    assert (told["name"], told["accuracy"], told["outputs"], told["images"]) == ("teacher.onnx", 1.0, "logits", 32)
    assert [
        line
        for line in heard.lines
        if line.startswith("teacher teacher.onnx: 100") and "of 32 validation images" in line
    ]
    assert "TEACHING" in heard.phases
    assert "teacher.onnx" in (tmp_path / "out" / "report.html").read_text()
    file = onnx.load(tmp_path / "out" / record["finalists"][0]["file"])
    assert properties(file)["teacher"]["sha256"] == told["sha256"]
    assert losses(record) == losses(alone) != losses(plain), "trials follow it in the first two"
    assert "teacher" not in plain
    files = [onnx.load(tmp_path / "alone" / row["file"]) for row in alone["finalists"]]
    assert all("teacher" not in properties(file) for file in files)


def test_a_killed_search_goes_on_with_the_same_soft_labels(tmp_path, taught, listener):
    calm = searched(taught, tmp_path / "calm", listener())
    for file in (tmp_path / "cache" / "soft_labels").iterdir():
        file.write_bytes(b"damaged")
    with pytest.raises(KeyboardInterrupt):
        searched(taught, tmp_path / "out", listener(stop_at=("trial 1", 1)))

    again = searched(taught, tmp_path / "out", listener())

    assert losses(again) == losses(calm)
    (tmp_path / "teacher.onnx").write_bytes(teacher(sharpness=2.0))
    with pytest.raises(ChangedError, match="is not the teacher that this search began with"):
        searched(taught | {"max_trials": 3}, tmp_path / "out", listener())


def test_other_processes_learn_the_same_and_another_search_asks_the_teacher_nothing(
    tmp_path, taught, listener, monkeypatch
):
    inline = searched(taught, tmp_path / "inline", listener())
    monkeypatch.setattr(teaching, "soft_labels", None)
    heard = listener()

    apart = searched(taught, tmp_path / "apart", heard, "process")

    assert losses(apart) == pytest.approx(losses(inline), rel=1e-6)
    assert "the soft labels of teacher.onnx are known from an earlier search" in heard.lines


def test_a_teacher_that_cannot_work_is_refused_before_anything_is_trained(tmp_path, taught, listener):
    (tmp_path / "teacher.onnx").write_bytes(teacher(outputs=(1, 0)))
    with pytest.raises(SpecError, match="no better than chance"):
        searched(taught, tmp_path / "out", listener())
    with pytest.raises(SpecError, match=r"teacher\.trials: the evaluator pooled does not learn from a teacher"):
        parse_spec({**taught, "evaluator": {"name": "pooled"}})


def test_its_path_is_relative_to_the_specs_file(tmp_path, taught):
    path = tmp_path / "spec.json"
    for given in ("teacher.onnx", {"model": "teacher.onnx"}):
        path.write_text(json.dumps(taught | {"teacher": given}))
        assert load_spec(path).teacher.model == str(tmp_path / "teacher.onnx")
