"""A whole search in a moment: how it ends, and how it is resumed."""

import json

import pytest

from nas.dataset import dataset
from nas.errors import DataError, DivergedError, InfeasibleError, NotMeasuredError, SpecError
from nas.evaluator import evaluator
from nas.ops.cost import network_cost
from nas.spaces import load_space
from nas.spec import parse_spec
from nas.testing import halves
from workers.folder_run.run import run


def searched(spec, out, listener):
    return run(parse_spec(spec), out, listener, executor_name="inline")


def failing(monkeypatch, error, chosen=lambda _: True):
    """The evaluations of chosen networks end with the error."""
    evaluate = evaluator["pooled"].evaluate

    def failed(self, network, report):
        if chosen(network):
            raise error
        return evaluate(self, network, report)

    monkeypatch.setattr(evaluator["pooled"], "evaluate", failed)


def test_a_search_killed_among_its_trials_ends_as_if_it_had_not_been(tmp_path, spec, listener):
    calm = searched(spec, tmp_path / "calm", listener())
    with pytest.raises(KeyboardInterrupt):
        searched(spec, tmp_path / "out", listener(stop_at=("trial 1", 1)))
    heard = listener()

    record = searched(spec, tmp_path / "out", heard)

    assert record["trials"] == calm["trials"]
    assert "resumed: 1 of 4 trials are finished already" in heard.lines
    assert not [epoch for epoch in heard.epochs if epoch[0] == "trial 0"], "what is finished is not evaluated again"


def test_a_network_that_cannot_be_evaluated_is_a_failed_trial_and_the_search_goes_on(
    tmp_path, spec, listener, monkeypatch
):
    whole = searched(spec, tmp_path / "whole", listener())
    worst = whole["trials"][0]["metrics"]["params"]
    failing(monkeypatch, DivergedError("the loss is nan"), lambda network: network_cost(network).params == worst)

    trials = searched(spec, tmp_path / "out", listener())["trials"]

    assert {trial["state"] for trial in trials if trial["metrics"]["params"] == worst} == {"failed"}
    assert {trial["state"] for trial in trials if trial["metrics"]["params"] != worst} == {"succeeded"}
    assert trials[0]["reason"] == "DivergedError: the loss is nan"
    assert trials[0]["reward"] is None


def test_a_search_without_a_success_fails_with_the_reasons_and_its_trials_are_on_record(
    tmp_path, spec, listener, monkeypatch
):
    failing(monkeypatch, DivergedError("the loss is nan"))

    with pytest.raises(InfeasibleError, match=r"no trial succeeded: DivergedError: the loss is nan$"):
        searched(spec, tmp_path, listener())

    trials = [json.loads(line) for line in (tmp_path / "trials.jsonl").read_text().splitlines()]
    assert [trial["state"] for trial in trials] == ["failed"] * 4
    assert json.loads((tmp_path / "pareto.json").read_text())["finished"] is False


def test_an_error_of_the_program_ends_the_search_which_can_be_resumed(tmp_path, spec, listener, monkeypatch):
    with monkeypatch.context() as patch:
        failing(patch, TypeError("a bug"))
        with pytest.raises(TypeError, match="a bug"):
            searched(spec, tmp_path, listener())

    record = searched(spec, tmp_path, listener())

    assert {trial["state"] for trial in record["trials"]} == {"succeeded"}


def test_a_resumed_search_refuses_other_images(tmp_path, spec, listener, monkeypatch):
    searched(spec, tmp_path, listener())
    monkeypatch.setattr(dataset["halves"], "load", lambda *_: halves(seed=7))

    with pytest.raises(DataError, match="not those that this search began with"):
        searched(spec, tmp_path, listener())


def test_a_reference_that_cannot_be_built_is_named_before_anything_is_done(tmp_path, spec, listener):
    heard = listener()

    with pytest.raises(SpecError, match=r"references\.1: .* cannot be built for images of 8 px"):
        searched(spec | {"references": ["mobilenetv1", "squeezenet_1_0"]}, tmp_path, heard)

    assert heard.phases == ["STARTING"]


def test_a_target_is_found_once_and_kept(tmp_path, spec, listener):
    """It is the median latency of random members, to three digits."""
    spec = spec | {"objective": {"name": "constrained"}}
    heard = listener()
    first = searched(spec, tmp_path, heard)["objective"]["target_latency_ms"]
    again = listener()

    assert searched(spec, tmp_path, again)["objective"]["target_latency_ms"] == first
    assert f"target latency: {first} ms, the median of 200 random members of the space" in heard.lines
    assert not [line for line in again.lines if line.startswith("target latency")]


def test_kernels_that_are_missing_and_cannot_be_measured_end_the_search(tmp_path, spec, listener):
    stages = [{"blocks": [{"shuffle": {"groups": 2}}], "layers": 1, "width": 8, "stride": 1}]
    other = spec["space"] | {"name": "other", "stages": stages}

    with pytest.raises(NotMeasuredError, match="pocket"):
        searched(spec | {"space": other}, tmp_path, listener())


@pytest.mark.parametrize(
    ("target_ms", "said"),
    [(1e5, "limits nothing: the slowest of 200 random networks takes"), (1e-5, "None of 200 random networks keeps")],
)
def test_a_target_that_decides_nothing_is_said_before_the_first_trial(tmp_path, spec, listener, target_ms, said):
    spec = spec | {"objective": {"name": "mnasnet", "alpha": 0, "beta": -1, "target_latency_ms": target_ms}}
    heard = listener()

    record = searched(spec, tmp_path, heard)

    (note,) = [note for note in record["notes"] if "random networks" in note]
    assert said in note
    assert note in heard.lines
    assert searched(spec, tmp_path, listener())["notes"] == record["notes"]
    assert note in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_space_that_is_exhausted_is_said_at_once_and_at_the_end(tmp_path, spec, listener):
    space = load_space(spec["space"])
    spec = spec | {"max_trials": 500, "searcher": "random", "finalists": {"count": 0}, "references": []}

    notes = searched(spec, tmp_path, listener())["notes"]

    assert f"has {space.size()} networks, fewer than max_trials (500)" in notes[0]
    assert notes[-1].startswith("The space is exhausted: the search ended after ")
