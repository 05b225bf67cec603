"""Before a search trusts shared weights: networks trained by themselves, beside multiply-adds."""

import json

import pytest

from nas.errors import InfeasibleError, SpecError
from nas.forecast import Pace, plan_of, step_seconds
from nas.report import report_html
from nas.spec import parse_spec
from nas.testing.evaluators import halves
from workers.folder_run.run import run

CHECKED = {"name": "supernet", "epochs": 2, "batch_size": 16, "check": 8, "check_epochs": 2}
UNTOLD = {"check_epochs": 1, "learning_rate": 1e-12}
"""With which nothing is learnt: accuracies are those of chance, and there is no order to tell."""


@pytest.fixture
def spec(spec, tmp_path, monkeypatch):
    monkeypatch.setenv("NAS_CACHE_DIR", str(tmp_path / "cache"))
    return {**spec, "evaluator": CHECKED}


def searched(spec, out, heard):
    return run(parse_spec(spec), out, heard, executor_name="inline")


def scores(record):
    return [{name: trial["metrics"][name] for name in ("accuracy", "loss")} for trial in record["trials"]]


def test_the_space_is_checked_once_for_searches_that_share_its_weights(tmp_path, spec, listener):
    first, second = listener(), listener()

    record = searched(spec, tmp_path / "one", first)
    other = {**spec, "objective": {"name": "constrained", "target_latency_ms": 2}}
    again = searched(other, tmp_path / "two", second)

    check = record["evaluator"]["check"]
    assert (check["networks"], check["compared"], check["epochs"]) == (8, 8, 2)
    assert sum(epochs == 2 and what.endswith("trained alone") for what, _, epochs in first.epochs) == 16
    assert first.phases.index("PREPARING") < first.phases.index("CHECKING") < first.phases.index("TRAINING")
    plain = "rank check: Of any two of 8 networks, trained for 2 epochs each by itself, shared weights name the more"
    assert [line for line in first.lines if line.startswith(plain) and "times in 100" in line]
    assert "Rank check" in report_html(record)
    assert "CHECKING" not in second.phases
    assert any("rank check of the evaluator supernet was made before" in line for line in second.lines)
    assert again["evaluator"]["check"]["tau"] == check["tau"]


def test_a_killed_check_goes_on_with_the_networks_that_are_left(tmp_path, spec, listener, monkeypatch):
    heard, again = listener(), listener()
    calm = searched(spec, tmp_path / "calm", heard)
    monkeypatch.setenv("NAS_CACHE_DIR", str(tmp_path / "other cache"))
    trained = [what for what, epoch, _ in heard.epochs if what.endswith("trained alone") and epoch == 2]
    with pytest.raises(KeyboardInterrupt):
        searched(spec, tmp_path / "out", listener(stop_at=(trained[2], 1)))

    record = searched(spec, tmp_path / "out", again)

    assert record["evaluator"] == calm["evaluator"]
    assert scores(record) == scores(calm)
    left = {what for what, _, _ in again.epochs if what.endswith("trained alone")}
    assert trained[2] in left
    assert not left & set(trained[:2]), "trainings that were finished are not done again"


def test_where_the_order_is_not_told_the_search_does_what_its_spec_says(tmp_path, spec, listener):
    """Nothing is learnt, so that shared weights have nothing to tell."""
    going_on, training = listener(), listener()
    doubtful = {**spec, "evaluator": {**CHECKED, **UNTOLD}}

    record = searched(doubtful, tmp_path / "on", going_on)

    assert not record["evaluator"]["check"]["beats_size"]
    assert all("shared_accuracy" in trial["metrics"] for trial in record["trials"])
    assert any("no better than their multiply-adds do" in line and "goes on" in line for line in going_on.lines)
    with pytest.raises(InfeasibleError, match="take `evaluator: train`"):
        searched({**spec, "evaluator": {**CHECKED, **UNTOLD, "otherwise": "stop"}}, tmp_path / "stop", listener())
    record = searched({**spec, "evaluator": {**CHECKED, **UNTOLD, "otherwise": "train"}}, tmp_path / "train", training)
    assert record["evaluator"]["name"] == "train"
    assert all(trial["metrics"]["epochs"] == UNTOLD["check_epochs"] for trial in record["trials"])
    assert "each network trained by itself" in report_html(record)
    assert json.loads((tmp_path / "train" / "spec.json").read_text())["evaluator"]["name"] == "supernet"


def test_the_check_is_part_of_the_forecast(spec):
    plan = plan_of(parse_spec(spec), halves(), train=64, side=8, workers=2)
    pace = Pace(work_s=1e-9, longer_s=2e-9)

    steps = step_seconds(plan, pace)

    assert steps["CHECKING"] == pytest.approx(8 / plan.parallel * 2 * plan.work * 2e-9)
    assert list(steps)[1:4] == ["PREPARING", "CHECKING", "TRAINING"]
    unchecked = {**spec, "evaluator": {"name": "supernet"}}
    assert "CHECKING" not in step_seconds(plan_of(parse_spec(unchecked), halves(), train=64, side=8, workers=2), pace)


def test_finalists_do_not_start_from_weights_that_may_not_be_used(spec):
    with pytest.raises(SpecError, match="another value than train for evaluator"):
        parse_spec({**spec, "evaluator": {**CHECKED, "otherwise": "train"}, "finalists": {"inherit": True}})
