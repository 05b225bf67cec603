"""Whole searches by `nas run`, as a user starts them: real images, real training, measured latency, ONNX out."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from cores import one_core  # noqa: F401 - a fixture that is used by itself
from PIL import Image
from processes import PATIENCE_S
from whole_service import NAS
from whole_service import SPEC as SHORT

from nas.dataset import load

TARGET_MS = 100.0
"""Far above all latencies, so that rewards, and what evolution proposes, do not follow from what was measured."""

SPEC = SHORT | {
    "objective": SHORT["objective"] | {"target_latency_ms": TARGET_MS},
    "space": SHORT["space"]
    | {
        "stages": [
            SHORT["space"]["stages"][0],
            {
                "blocks": [{"fire": {"squeeze": 0.25}}, {"shuffle": {"groups": 2}}],
                "layers": [1, 2],
                "width": 32,
                "stride": 2,
            },
        ]
    },
    "searcher": {"name": "evolution", "population": 3, "tournament": 2},
    "max_trials": 8,
    "parallel": 1,
    "finalists": {"count": 2, "epochs": 1},
}
TRIALS_ALONE = SPEC | {"finalists": {"count": 0}, "references": []}
"""The same trials, and nothing that is trained after them."""


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A latency database of the tests' own."""
    return {**os.environ, "NAS_LATENCY_DB": str(tmp_path_factory.mktemp("latency") / "latency.db")}


def start(spec, folder, environment, out=None):
    path = folder / "spec.yaml"
    path.write_text(json.dumps(spec))
    return subprocess.Popen(
        [NAS, "run", path, "--out", out or folder / "out"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def finished(process):
    output, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, output
    return output


@pytest.fixture(scope="module")
def run(tmp_path_factory, environment):
    """The folder and the output of one undisturbed run."""
    folder = tmp_path_factory.mktemp("run")
    output = finished(start(SPEC, folder, environment))
    return folder / "out", output


def test_writes_the_trials_that_were_asked_for(run):
    out, _ = run
    trials = rows(out / "trials.jsonl")

    assert [trial["number"] for trial in trials] == list(range(8))
    assert {trial["state"] for trial in trials} == {"succeeded"}
    assert all(trial["metrics"]["accuracy"] > 0.1 for trial in trials), "better than guessing"
    for trial in trials:
        metrics = trial["metrics"]
        assert trial["reward"] == pytest.approx(metrics["accuracy"] * min(1.0, TARGET_MS / metrics["latency_ms"])), (
            "eq. 2 and 3 with alpha 0 and beta -1"
        )


def test_the_front_is_what_no_trial_dominates(run):
    out, _ = run
    trials = {trial["number"]: trial["metrics"] for trial in rows(out / "trials.jsonl")}
    front = json.loads((out / "pareto.json").read_text())["front"]

    for number, metrics in trials.items():
        better = [
            other
            for other in trials.values()
            if other["latency_ms"] <= metrics["latency_ms"]
            and other["accuracy"] >= metrics["accuracy"]
            and (other["latency_ms"], other["accuracy"]) != (metrics["latency_ms"], metrics["accuracy"])
        ]
        assert (number in front) == (not better)


def test_the_devices_record_has_the_predictions_for_finalists(run, environment):  # noqa: ARG001 - it has run
    show = [NAS, "device", "show", "local-cpu-1t", "--json"]
    done = subprocess.run(show, env=environment, capture_output=True, check=True, timeout=PATIENCE_S)

    assert json.loads(done.stdout)["track_record"]["measured"] >= 2


def test_finalists_run_in_onnxruntime_as_their_metadata_says(run):
    """The file alone, with numpy, reaches the test accuracy that was reported."""
    out, output = run
    images = load("fashion_mnist_mini", seed=0).test
    finalists = json.loads((out / "pareto.json").read_text())["finalists"]
    assert len(finalists) == 2

    for finalist in finalists:
        path = out / finalist["file"]
        about = {p.key: json.loads(p.value) for p in onnx.load(path).metadata_props}
        norm = about["normalisation"]
        x = (images.images * norm["scale"] - norm["mean"]) / norm["std"]
        session = onnxruntime.InferenceSession(path)
        (scores,) = session.run(None, {"image": x.transpose(0, 3, 1, 2).astype(np.float32)})

        accuracy = float((scores.argmax(1) == images.labels).mean())
        assert accuracy == pytest.approx(finalist["metrics"]["test_accuracy"], abs=0.001)
        assert about["metrics"]["test_accuracy"] == finalist["metrics"]["test_accuracy"]
        assert about["id"] == finalist["id"]
        assert about["classes"][0] == "T-shirt/top"
        assert finalist["metrics"]["max_abs_difference"] < 1e-4
        assert finalist["metrics"]["latency_ms"] > 0
        assert finalist["file"] in output


def test_the_report_shows_finalists_and_references(run):
    out, _ = run
    report = (out / "report.html").read_text()

    assert "lenet_300_100" in report
    for finalist in json.loads((out / "pareto.json").read_text())["finalists"]:
        assert finalist["id"] in report


def test_called_again_it_has_nothing_left_to_do(run, environment):
    """The time it took counts all calls."""
    out, _ = run
    before = (out / "journal.jsonl").read_bytes()
    seconds = json.loads((out / "results" / "seconds.json").read_text())

    command = [NAS, "run", out.parent / "spec.yaml", "--out", out, "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=True)

    assert (out / "journal.jsonl").read_bytes() == before
    assert "resumed: 8 of 8" in done.stderr
    assert done.stdout == (out / "pareto.json").read_text()
    assert json.loads((out / "results" / "seconds.json").read_text()) >= seconds


def test_another_spec_in_the_folder_is_refused(run, tmp_path, environment):
    out, _ = run
    process = start({**SPEC, "seed": 1}, tmp_path, environment, out)
    output, _ = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 2
    assert "another seed" in output


@pytest.mark.parametrize("parallel", [1, 2])
def test_killed_at_moments_of_its_life_it_ends_the_same(run, tmp_path, environment, parallel):
    """No trial is lost or trained twice, and on one worker the architectures are those of an undisturbed run."""
    spec, journal = {**TRIALS_ALONE, "parallel": parallel}, tmp_path / "out" / "journal.jsonl"
    for told in (1, 4):
        process = start(spec, tmp_path, environment)
        deadline = time.monotonic() + PATIENCE_S
        while not journal.exists() or journal.read_text().count('"told"') < told:
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=PATIENCE_S)

    finished(start(spec, tmp_path, environment))

    trials = rows(tmp_path / "out" / "trials.jsonl")
    events = [(event["event"], event["trial"]) for event in rows(journal)]
    assert [trial["number"] for trial in trials] == list(range(8))
    assert len(events) == len(set(events)) == 16
    if parallel == 1:
        calm = rows(run[0] / "trials.jsonl")
        assert [t["id"] for t in trials] == [t["id"] for t in calm]
        assert [t["metrics"]["accuracy"] for t in trials] == [t["metrics"]["accuracy"] for t in calm]


def test_trainings_that_diverge_are_failed_trials_with_their_reason(tmp_path, environment):
    evaluator = SPEC["evaluator"] | {"learning_rate": 10.0, "weight_decay": 0.9}
    process = start(TRIALS_ALONE | {"max_trials": 2, "evaluator": evaluator}, tmp_path, environment)
    output, _ = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 2
    assert "no trial succeeded" in output
    trials = rows(tmp_path / "out" / "trials.jsonl")
    assert [trial["state"] for trial in trials] == ["failed", "failed"]
    assert all("DivergedError" in trial["reason"] for trial in trials)


def test_ctrl_c_ends_it_at_once_with_its_workers(tmp_path, environment):
    process = start(TRIALS_ALONE | {"parallel": 2}, tmp_path, environment)
    journal = tmp_path / "out" / "journal.jsonl"
    deadline = time.monotonic() + PATIENCE_S
    while not journal.exists() or '"told"' not in journal.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)

    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 130, output
    assert "Traceback" not in output


def test_the_readmes_example_runs_a_finalist(run, tmp_path):
    """With onnxruntime, numpy and Pillow alone, it names classes about as often right as the report says."""
    out, _ = run
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    example = re.search(r"```python\n(.*?)```", readme, re.DOTALL)[1]
    finalist = json.loads((out / "pareto.json").read_text())["finalists"][0]
    images = load("fashion_mnist_mini", seed=0)
    (tmp_path / "example.py").write_text(example)
    paths = [tmp_path / f"{number}.png" for number in range(500)]
    for path, pixels in zip(paths, images.test.images, strict=False):
        Image.fromarray(pixels[:, :, 0]).save(path)

    done = subprocess.run(
        [sys.executable, tmp_path / "example.py", out / finalist["file"], *paths],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )

    assert example.count("\n") <= 26
    named = [line.removeprefix(f"{path} ") for path, line in zip(paths, done.stdout.splitlines(), strict=True)]
    right = sum(name == images.classes[label] for name, label in zip(named, images.test.labels[:500], strict=True))
    assert right / 500 == pytest.approx(finalist["metrics"]["test_accuracy"], abs=0.08)
