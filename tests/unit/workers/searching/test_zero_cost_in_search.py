"""Zero-cost scores in a search: with its trials, before them, and again after a kill."""

import pytest

from nas.asking.codes import choices_of
from nas.errors import OutOfMemoryError, SpecError
from nas.ops.notation import read_network
from nas.spec import parse_spec
from nas.testing import halves
from nas.zero_cost import Sample, zero_cost_scores
from workers.folder_run.run import run
from workers.searching import pipeline
from workers.tasks import score as task

SCORES = ("naswot", "synflow")


@pytest.fixture
def scored(spec):
    return spec | {
        "zero_cost": {"scores": [*SCORES], "pre_filter": 2, "sample": 5},
        "max_trials": 3,
        "searcher": {"name": "predictor"},
    }


def searched(spec, out, listener):
    return run(parse_spec(spec), out, listener, executor_name="inline")


def test_trials_have_the_scores_of_their_networks_also_after_a_kill(tmp_path, scored, listener):
    heard = listener()
    record = searched(scored, tmp_path / "calm", heard)
    with pytest.raises(KeyboardInterrupt):
        searched(scored, tmp_path / "out", listener(stop_at=("trial 1", 1)))

    again = listener()
    assert searched(scored, tmp_path / "out", again)["trials"] == record["trials"]
    of_sample = [
        any("random networks of the space are scored" in line for line in each.lines) for each in (heard, again)
    ]
    assert of_sample == [True, False], "what was scored when the search began is kept"
    sample = Sample.of(halves(), record["spec"]["seed"])
    for trial in record["trials"]:
        (own,) = zero_cost_scores([read_network(trial["notation"])], SCORES, sample)
        assert {name: trial["metrics"][name] for name in SCORES} == own
    assert "of 2 proposals of similar cost, the best by naswot, synflow before training is trained" in heard.lines
    assert record["spec"]["zero_cost"] == {"scores": [*SCORES], "pre_filter": 2, "sample": 5}


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


def test_the_searcher_is_given_the_scores_of_a_sample(tmp_path, scored, listener, monkeypatch):
    """Of as many different networks as there are; the space has four."""
    given = []
    made = pipeline.searcher_for
    monkeypatch.setattr(pipeline, "searcher_for", lambda spec, problem: given.append(problem) or made(spec, problem))

    searched(scored, tmp_path, listener())

    sample = given[0].scored
    assert sorted(sample.columns) == sorted(SCORES)
    assert 2 <= len(sample.codes) <= 4
    networks = [given[0].space.decode(choices_of(given[0].space, row)).architecture.expand() for row in sample.codes]
    own = zero_cost_scores(networks, SCORES, Sample.of(halves(), 0))
    assert sample.columns["naswot"].tolist() == [each["naswot"] for each in own]


def test_no_random_networks_are_scored_for_a_searcher_that_does_not_learn_from_them(tmp_path, scored, listener):
    heard = listener()

    searched(scored | {"searcher": {"name": "evolution"}, "max_trials": 1}, tmp_path, heard)

    assert "evolution does not learn from zero-cost scores, so no random networks are scored" in heard.lines


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
        ({"pre_filter": 0}, r"zero_cost\.pre_filter: .*at least 1"),
        ({"features": True}, r"zero_cost\.features"),
    ],
)
def test_wrong_uses_are_refused_with_their_field(spec, given, said):
    with pytest.raises(SpecError, match=said):
        parse_spec(spec | {"zero_cost": given})
