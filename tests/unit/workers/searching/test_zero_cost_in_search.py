"""Zero-cost scores in a search: with its trials, before them, and again after a kill."""

import pytest

from nas.errors import OutOfMemoryError, SpecError
from nas.ops.notation import read_network
from nas.spec import parse_spec
from nas.testing import halves
from nas.zero_cost import Sample, zero_cost_scores
from workers.folder_run.run import run
from workers.tasks import score as task

SCORES = ("naswot", "synflow")


@pytest.fixture
def scored(spec):
    return spec | {"zero_cost": {"scores": [*SCORES], "pre_filter": 2}, "max_trials": 3}


def searched(spec, out, listener):
    return run(parse_spec(spec), out, listener, executor_name="inline")


def test_trials_have_the_scores_of_their_networks_also_after_a_kill(tmp_path, scored, listener):
    heard = listener()
    record = searched(scored, tmp_path / "calm", heard)
    with pytest.raises(KeyboardInterrupt):
        searched(scored, tmp_path / "out", listener(stop_at=("trial 1", 1)))

    assert searched(scored, tmp_path / "out", listener())["trials"] == record["trials"]
    sample = Sample.of(halves(), record["spec"]["seed"])
    for trial in record["trials"]:
        (own,) = zero_cost_scores([read_network(trial["notation"])], SCORES, sample)
        assert {name: trial["metrics"][name] for name in SCORES} == own
    assert "of 2 proposals of similar cost, the best by naswot, synflow before training is trained" in heard.lines
    assert record["spec"]["zero_cost"] == {"scores": [*SCORES], "pre_filter": 2}


def test_networks_that_cannot_be_scored_are_trained_without(tmp_path, scored, listener, monkeypatch):
    """The log says why."""

    def failed(*_):
        raise OutOfMemoryError("not enough")

    monkeypatch.setattr(task, "zero_cost_scores", failed)
    heard = listener()

    record = searched(scored, tmp_path, heard)

    assert {trial["state"] for trial in record["trials"]} == {"succeeded"}
    assert not any(name in trial["metrics"] for name in SCORES for trial in record["trials"])
    assert any("no zero-cost scores: not enough" in line for line in heard.lines)


def test_a_search_without_scores_has_none(tmp_path, spec, listener):
    record = searched(spec, tmp_path, listener())

    assert "zero_cost" not in record["spec"]
    assert not any("naswot" in trial["metrics"] for trial in record["trials"])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"scores": ["naswot", "grasp"]}, r"zero_cost\.scores: .*'grasp'; there are: naswot, synflow, zico"),
        ({"scores": ["zico", "zico"]}, r"zero_cost\.scores: .*named twice"),
        ({"scores": []}, r"zero_cost\.scores: .*at least 1 item"),
        ({"pre_filter": 0}, r"zero_cost\.pre_filter: .*greater than or equal to 1"),
        ({"features": True}, r"zero_cost\.features: Extra inputs"),
    ],
)
def test_wrong_uses_are_refused_with_their_field(spec, given, said):
    with pytest.raises(SpecError, match=said):
        parse_spec(spec | {"zero_cost": given})
