"""The best trials trained for longer, and the reference networks beside them."""

from dataclasses import replace
from random import Random
from types import SimpleNamespace

import pytest

from nas.errors import DivergedError
from nas.evaluator import evaluator
from nas.ops.cost import network_cost
from nas.spaces import load_space
from nas.spec import parse_spec
from nas.trial import State, Trial
from workers.folder_run.run import run
from workers.searching import finalists
from workers.searching.finalists import best_trials

REFERENCES = [{"name": "mobilenetv1", "width": 0.25}, {"name": "mobilenetv2", "width": 0.5}]


@pytest.fixture
def spec(spec):
    """Trained on one thread: so small a training would only wait for a second one."""
    return spec | {"finalists": {"count": 2, "epochs": 1}, "parallel": 2}


def searched(spec, out, listener):
    return run(parse_spec(spec), out, listener, executor_name="inline")


def trained(monkeypatch, diverging=lambda _: False):
    """The notations of finalists that are trained from now on; those chosen diverge."""
    notations, finalise = [], finalists.finalise

    def noted(setup, shared, notation, final, *, report):
        notations.append(notation)
        if diverging(notation):
            raise DivergedError("the loss is nan")
        return finalise(setup, shared, notation, final, report=report)

    monkeypatch.setattr(finalists, "finalise", noted)
    return notations


def test_finalists_are_the_best_distinct_architectures(spec):
    space, rng = load_space(spec["space"]), Random(0)
    candidates = {}
    while len(candidates) < 3:
        candidate = space.sample(rng)
        candidates[candidate.architecture.id] = candidate
    a, b, c = candidates.values()
    trials = [
        Trial(number, candidate, State.SUCCEEDED, reward=reward)
        for number, (candidate, reward) in enumerate([(a, 0.5), (b, 0.7), (a, 0.9), (b, 0.7), (c, 0.6)])
    ]
    trials.append(replace(Trial(5, c, State.FAILED, reason="diverged"), reward=None))
    search = SimpleNamespace(trials={trial.number: trial for trial in trials})

    assert [trial.number for trial in best_trials(search, 2)] == [2, 1]
    assert [trial.number for trial in best_trials(search, 9)] == [2, 1, 4]


def test_a_finalist_that_diverges_is_left_out_and_the_others_are_kept(tmp_path, spec, listener, monkeypatch):
    first = []
    trained(monkeypatch, lambda notation: first.append(notation) or len(first) == 1)
    heard = listener()

    record = searched(spec, tmp_path, heard)

    (kept,) = record["finalists"]
    assert kept["notation"] == first[1] != first[0]
    assert (tmp_path / kept["file"]).exists()
    assert [line for line in heard.lines if line.endswith("is left out: the loss is nan")]


def test_a_search_called_again_trains_only_finalists_whose_files_are_gone(tmp_path, spec, listener, monkeypatch):
    spec["finalists"] = {"count": 1, "epochs": 1}
    (before,) = searched(spec, tmp_path, listener())["finalists"]
    notations = trained(monkeypatch)

    assert searched(spec, tmp_path, listener())["finalists"] == [before]
    assert notations == []

    (tmp_path / before["file"]).unlink()
    (after,) = searched(spec, tmp_path, listener())["finalists"]

    assert notations == [before["notation"]]
    assert after["metrics"]["test_accuracy"] == before["metrics"]["test_accuracy"]


def test_a_device_that_cannot_be_measured_leaves_finalists_their_estimates(tmp_path, spec, listener):
    heard = listener()

    record = searched(spec, tmp_path, heard)

    assert [row["metrics"].get("latency_ms") for row in record["finalists"]] == [None, None]
    assert all(row["metrics"]["estimated_latency_ms"] > 0 for row in record["finalists"])
    assert [line for line in heard.lines if line.endswith("Finalists keep their estimated latencies")]


def test_references_are_scored_as_the_trials_were_and_kept(tmp_path, spec, listener, monkeypatch):
    """One that fails has no accuracy, and is not tried again."""
    spec = spec | {"references": REFERENCES, "finalists": {"count": 0}}
    evaluated, evaluate, heard = [], evaluator["pooled"].evaluate, listener()

    def noted(self, network, report):
        evaluated.append(params := network_cost(network).params)
        if len(evaluated) > before and params == min(evaluated[before:]):
            raise DivergedError("the loss is nan")
        return evaluate(self, network, report)

    before = len({row["id"] for row in searched(spec | {"references": []}, tmp_path / "a", listener())["trials"]})
    monkeypatch.setattr(evaluator["pooled"], "evaluate", noted)

    rows = searched(spec, tmp_path / "b", heard)["references"]
    count = len(evaluated)
    again = searched(spec, tmp_path / "b", listener())["references"]

    assert [row["label"] for row in rows] == ["mobilenetv1 width 0.25", "mobilenetv2 width 0.5"]
    assert sum("accuracy" in row["metrics"] for row in rows) == 1
    assert "scoring 2 reference networks as the trials were" in heard.lines
    assert [line for line in heard.lines if line.startswith("mobilenetv") and line.endswith(": the loss is nan")]
    assert again == rows
    assert len(evaluated) == count
