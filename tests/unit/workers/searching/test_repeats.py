"""The best trials trained again with other seeds, and the choice of finalists by what is believed of them."""

import json
from pathlib import Path

import pytest
from live_service import ledger_of

from nas.errors import SpecError
from nas.service.settings import Settings
from nas.spec import parse_spec
from workers.dispatching.assignment import Assignment
from workers.executing.executors.inline import InlineExecutor
from workers.executing.scheduler import Scheduler
from workers.folder_run.run import run

SEED = 7


@pytest.fixture
def repeating(spec, tmp_path):
    """A spec whose two best networks of four are trained twice again; `log` has a line for each training."""
    log = tmp_path / "trainings"
    evaluator = {"name": "noisy", "log": str(log)}
    finalists = {"count": 0, "repeats": 2, "candidates": 2}
    return spec | {"seed": SEED, "evaluator": evaluator, "finalists": finalists}


def searched(spec, out, listener):
    return run(parse_spec(spec), out, listener, executor_name="inline")


def trainings(spec):
    """(seed, parameters) of each training, in order."""
    lines = Path(spec["evaluator"]["log"]).read_text().splitlines()
    return [tuple(map(int, line.split())) for line in lines]


def test_the_best_are_trained_again_with_other_seeds_and_ranked_by_posterior_mean(tmp_path, repeating, listener):
    heard = listener()
    record = searched(repeating, tmp_path / "run", heard)

    best = sorted(record["trials"], key=lambda trial: -trial["reward"])[:2]
    again = [(seed, params) for seed, params in trainings(repeating) if seed != SEED]
    assert sorted(again) == sorted((SEED + number, trial["metrics"]["params"]) for trial in best for number in (1, 2))
    ranking = record["ranking"]
    assert ranking["method"] == "shrunken mean"
    assert ranking["noise"] > 0
    repeated = [row for row in ranking["standings"] if row["trainings"] == 3]
    assert {row["trial"] for row in repeated} == {trial["number"] for trial in best}
    for row in ranking["standings"]:
        assert row["mean_low"] < row["mean"] < row["mean_high"]
        assert row["reward"] == row["mean"], "the objective rewards the accuracy"
    rewards = [row["reward"] for row in ranking["standings"]]
    assert rewards == sorted(rewards, reverse=True)
    assert json.loads((tmp_path / "run/pareto.json").read_text())["ranking"] == ranking
    assert "How the finalists were chosen" in (tmp_path / "run/report.html").read_text()
    assert "REPEATS" in heard.phases


def test_a_search_without_repeats_trains_nothing_again(tmp_path, repeating, listener):
    heard = listener()
    record = searched(repeating | {"finalists": {"count": 0}}, tmp_path / "run", heard)

    assert {seed for seed, _ in trainings(repeating)} == {SEED}
    assert record["ranking"]["method"] == "observed"
    assert all("mean_low" not in row for row in record["ranking"]["standings"])
    assert "REPEATS" not in heard.phases


def test_a_killed_search_repeats_what_is_left_alone(tmp_path, repeating, listener):
    undisturbed = searched(repeating, tmp_path / "whole", listener())
    expected = trainings(repeating)
    first = undisturbed["ranking"]["standings"][0]["trial"]
    with pytest.raises(KeyboardInterrupt):
        searched(repeating, tmp_path / "killed", listener(stop_at=(f"repeat 2 of trial {first}", 1)))
    killed = trainings(repeating)[len(expected) :]
    again = searched(repeating, tmp_path / "killed", listener())
    resumed = trainings(repeating)[len(expected) + len(killed) :]

    assert again["ranking"] == undisturbed["ranking"]
    assert {*killed, *resumed} == {*expected}
    assert SEED not in {seed for seed, _ in resumed}
    (tmp_path / f"killed/results/repeat-{first}-1.json").unlink()
    assert searched(repeating, tmp_path / "killed", listener())["ranking"] == undisturbed["ranking"]
    (last,) = trainings(repeating)[len(expected) + len(killed) + len(resumed) :]
    assert last in expected


def test_a_repeat_that_fails_says_nothing_and_is_not_tried_again(tmp_path, repeating, listener):
    failing = repeating | {"evaluator": repeating["evaluator"] | {"fails_from": SEED + 2}}
    heard = listener()
    record = searched(failing, tmp_path / "run", heard)
    count = len(trainings(failing))
    searched(failing, tmp_path / "run", listener())

    assert len(trainings(failing)) == count
    assert [row["trainings"] for row in record["ranking"]["standings"] if row["trainings"] > 1] == [2, 2]
    assert len([line for line in heard.lines if line.endswith("has failed: the loss is nan")]) == 2


def test_repeats_are_refused_where_nothing_is_trained(spec):
    with pytest.raises(SpecError, match=r"^finalists\.repeats: the evaluator pooled does not train"):
        parse_spec(spec | {"finalists": {"repeats": 1}})


def test_repeats_are_taken_from_other_searches_of_the_service(tmp_path, repeating):
    settings = Settings(home=tmp_path / "home", executor="inline", threads=1)
    trained, rankings = [], []
    with ledger_of(settings) as ledger:
        for name in ("one", "other"):
            created, _ = ledger.searches.submit(parse_spec(repeating).model_dump(mode="json"), name=name)
            made = Assignment(ledger, settings, Scheduler(InlineExecutor(1)), ledger.claims.claim("the test"))
            made.start()
            made.join(240)
            assert made.over
            trained.append(trainings(repeating))
            rankings.append(ledger.trials.results(created.id)["ranking"])

    assert trained[0] == trained[1], "the second search trains nothing"
    assert rankings[0] == rankings[1]
