"""The best trials trained for longer, and the reference networks beside them."""

import json
from dataclasses import replace
from random import Random

import numpy as np
import onnx
import onnxruntime
import pytest

from nas.dataset import dataset
from nas.errors import DivergedError
from nas.spaces import load_space
from nas.spec import parse_spec
from nas.statistics.proportions import wilson
from nas.trial import State, Trial
from nas.winner.choice import by_reward
from workers.folder_run.run import run
from workers.searching.finalists import training

REFERENCES = [{"name": "mobilenetv1", "width": 0.25}, {"name": "mobilenetv2", "width": 0.5}]


@pytest.fixture
def spec(spec):
    """Trained on one thread: so small a training would only wait for a second one."""
    return spec | {"finalists": {"count": 2, "epochs": 1}, "parallel": 2}


def searched(spec, out, listener):
    return run(parse_spec(spec), out, listener, executor_name="inline")


def trained(monkeypatch, diverging=lambda _: False):
    """The notations of finalists that are trained from now on; those chosen diverge."""
    notations, finalise = [], training.finalise

    def noted(setup, shared, notation, final, *, report):
        notations.append(notation)
        if diverging(notation):
            raise DivergedError("the loss is nan")
        return finalise(setup, shared, notation, final, report=report)

    monkeypatch.setattr(training, "finalise", noted)
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

    assert [trial.number for trial in by_reward(trials)] == [2, 1, 4]


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


def test_a_search_without_finalists_and_references_says_nothing_of_measuring_them(tmp_path, spec, listener):
    heard = listener()

    searched(spec | {"finalists": {"count": 0}}, tmp_path, heard)

    assert not [line for line in heard.lines if "end to end" in line or "estimated latencies" in line]


def test_references_are_trained_and_tested_as_the_finalists_are_and_kept(tmp_path, spec, listener, monkeypatch):
    """One that fails has no accuracy, and is not tried again."""
    spec = spec | {"references": REFERENCES, "finalists": {"count": 1, "epochs": 1, "recipe": {"learning_rate": 0.01}}}
    given, finalise, heard = {}, training.finalise, listener()

    def noted(setup, shared, notation, final, *, report):
        given[notation] = final.recipe
        if "1x8x8: conv_8_k3_s2 " in notation:  # mobilenetv1 alone begins with 8 channels
            raise DivergedError("the loss is nan")
        return finalise(setup, shared, notation, final, report=report)

    monkeypatch.setattr(training, "finalise", noted)

    record = searched(spec, tmp_path, heard)
    count = len(given)
    again = searched(spec, tmp_path, listener())

    failed, tested = record["references"]
    (finalist,) = record["finalists"]
    assert [row["label"] for row in (failed, tested)] == ["mobilenetv1 width 0.25", "mobilenetv2 width 0.5"]
    assert set(given) == {failed["notation"], tested["notation"], finalist["notation"]}
    assert set(given.values()) == {parse_spec(spec).finalists.training}
    assert {"test_accuracy", "validation_accuracy"} & set(failed["metrics"]) == set()
    assert "accuracy" not in tested["metrics"]
    (file,) = tmp_path.glob("reference-*.onnx")
    images = dataset.make("halves").load(0)
    assert accuracy(file, images.test) == tested["metrics"]["test_accuracy"]
    for row in (tested, finalist):
        for split, part in (("test", images.test), ("validation", images.validation)):
            share = row["metrics"][f"{split}_accuracy"]
            bounds = wilson(share, len(part))
            assert (row["metrics"][f"{split}_accuracy_low"], row["metrics"][f"{split}_accuracy_high"]) == bounds
    assert [row["verdict"] for row in record["references"]] == [None, tested["verdict"]] != [None, None]
    assert "training 2 reference networks as the finalists, for 1 epoch each" in heard.lines
    assert [line for line in heard.lines if line.startswith("mobilenetv1") and line.endswith(": the loss is nan")]
    assert (again["references"], len(given)) == (record["references"], count)


def accuracy(file, split):
    """Of a file whose input is normalised by its own metadata."""
    about = {p.key: json.loads(p.value) for p in onnx.load(file).metadata_props}["normalisation"]
    pixels = split.images * about["scale"]
    images = ((pixels - about["mean"]) / about["std"]).astype(np.float32).transpose(0, 3, 1, 2)
    scores = onnxruntime.InferenceSession(file).run(None, {"image": images})[0]
    return float((scores.argmax(1) == split.labels).mean())


def test_without_finalists_no_reference_is_trained(tmp_path, spec, listener, monkeypatch):
    notations = trained(monkeypatch)

    (row,) = searched(spec | {"references": REFERENCES[:1], "finalists": {"count": 0}}, tmp_path, listener())[
        "references"
    ]

    assert notations == []
    assert row["metrics"]["params"] > 0
    assert row["verdict"] is None
