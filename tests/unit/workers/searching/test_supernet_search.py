"""A search whose trials take their weights from a supernet."""

import pytest

from nas.errors import SpecError
from nas.report import report_html
from nas.spec import parse_spec
from workers.folder_run.run import run


@pytest.fixture
def spec(spec, tmp_path, monkeypatch):
    monkeypatch.setenv("NAS_CACHE_DIR", str(tmp_path / "cache"))
    return {**spec, "evaluator": {"name": "supernet", "epochs": 2}}


def test_trials_are_scored_and_the_report_says_by_what(tmp_path, spec, listener):
    heard = listener()

    record = run(parse_spec(spec), tmp_path / "out", heard, executor_name="inline")

    metrics = [trial["metrics"] for trial in record["trials"]]
    by_loss = sorted(metrics, key=lambda found: found["loss"])
    assert [found["accuracy"] for found in by_loss] == sorted((m["accuracy"] for m in metrics), reverse=True)
    assert all(0 <= found["shared_accuracy"] <= 1 for found in metrics)
    assert heard.epochs[:2] == [("preparing the evaluator supernet", epoch, 2) for epoch in (1, 2)]
    assert any("the validation loss with shared weights lets expect" in line for line in heard.lines)
    html = report_html(record)
    assert "lets expect (evaluator supernet)" in html
    assert "trained from random weights" in html
    assert "shared accuracy" in html


def test_finalists_start_from_their_part_of_the_weights(tmp_path, spec, listener):
    """A training that changes nothing ends with what its trial had."""
    standing = {"learning_rate": 1e-9, "ema_decay": None, "label_smoothing": 0.0, "flip": False, "shift": 0.0}
    spec |= {"finalists": {"count": 2, "epochs": 1, "recipe": standing, "inherit": True}}
    heard = listener()

    record = run(parse_spec(spec), tmp_path / "out", heard, executor_name="inline")

    shared = {trial["number"]: trial["metrics"]["shared_accuracy"] for trial in record["trials"]}
    assert len(record["finalists"]) == 2
    for row in record["finalists"]:
        assert row["metrics"]["validation_accuracy"] == pytest.approx(shared[row["trial"]], abs=0.04)
    assert any("finalists are trained from their part of the shared weights" in line for line in heard.lines)
    assert "trained from their part of the shared weights, references from random weights" in report_html(record)


def refusal(spec):
    with pytest.raises(SpecError) as caught:
        parse_spec(spec)
    return str(caught.value)


def test_what_a_supernet_cannot_do_is_refused_with_the_remedy(spec):
    stage = {**spec["space"]["stages"][0], "precision": ["float32", "int8"]}
    coded = {**spec["space"], "stages": [stage]}

    assert "leave precision and density out of it, or take the evaluator train" in refusal(spec | {"space": coded})
    for field, value in (("optimizer", "muon"), ("norm_bias_rate", 64), ("first_resolution", 0.5), ("whitened", True)):
        assert "leave" in refusal(spec | {"evaluator": {"name": "supernet", field: value}})
    assert "take one of: supernet" in refusal(spec | {"evaluator": {"name": "train"}, "finalists": {"inherit": True}})
    whitened = {"inherit": True, "recipe": {"whitened": True}}
    assert "leave whitened out" in refusal(spec | {"finalists": whitened})
    assert "leave pruner out" in refusal(spec | {"pruner": {"name": "asha"}})
    assert "leave repeats out" in refusal(spec | {"finalists": {"repeats": 2}})
    assert "evaluator.sampling" in refusal(spec | {"evaluator": {"name": "supernet", "sampling": "all"}})
    assert "evaluator.epochs" in refusal(spec | {"evaluator": {"name": "supernet", "epochs": 0}})
