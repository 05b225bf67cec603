"""The comparison with hand-designed networks: its trainings, which are made once, and what it says of their results."""

import json
from itertools import pairwise

import pytest

from headline_plan import LEVELS, cut, fitted, references_of_level, space_for
from headline_report import beside, draw, shuffle_beside_alexnet, tables
from headline_training import FP32, INT8, around, file_of, train_all
from nas.dataset import load
from nas.export import in_integers
from nas.reference_curves.speed_up import Measured
from workers.executing.executor import executor
from workers.suggesting.amounts import Time
from workers.tasks.time_training import Speed

NETWORK = "1x28x28: conv_8_k3_s4 gap linear_10"
IMAGES = {"train": 8000, "validation": 1000, "test": 10_000}
PLAN = {
    "data": {"name": "fashion_mnist_mini"},
    "hours": 1.0,
    "machine": "a machine",
    "parallel": 2,
    "evaluator": "train",
    "space": {"name": "small", "stem": {"stride": 1}},
    "images": IMAGES,
    "share": 1.0,
    "final_epochs": 1,
}


def _subject(label, curve=None):
    return {"label": label, "notation": NETWORK, "curve": curve}


SUBJECTS = [
    _subject("found for 1 ms"),
    *(_subject(f"mobilenetv2 width {width}", "mobilenetv2") for width in (0.35, 0.5, 1.0)),
    _subject("shufflenet width 0.25", "shufflenet"),
    _subject("alexnet", "alexnet"),
]
ACCURACIES = {
    "found for 1 ms": [0.86, 0.87, 0.85],
    "mobilenetv2 width 0.35": [0.80],
    "mobilenetv2 width 0.5": [0.86, 0.85, 0.87],
    "mobilenetv2 width 1.0": [0.90],
    "shufflenet width 0.25": [0.84],
    "alexnet": [0.82],
}
ROWS = [
    {"label": label, "seed": seed, FP32: value, INT8: value - 0.01, "wall_seconds": 1800.0}
    for label, values in ACCURACIES.items()
    for seed, value in enumerate(values)
]
MS = dict(zip(ACCURACIES, (1.0, 1.5, 2.0, 4.0, 0.5, 7.5), strict=True))
LATENCIES = [
    {
        "device": "local-cpu-1t",
        "precision": "fp32",
        "runtime": "onnxruntime_cpu",
        "latencies": {label: [ms, 0.0] for label, ms in MS.items()},
    },
    {"device": "local-ncnn-1t", "reason": "ncnn is not installed"},
]


def test_a_share_of_the_images_is_the_same_at_each_call():
    images = load("fashion_mnist_mini", 0)
    some = cut(images, 0.1)

    assert len(some.train) == round(0.1 * len(images.train))
    assert some.train.digest() == cut(load("fashion_mnist_mini", 0), 0.1).train.digest()
    assert cut(images, 1.0) is images


def test_levels_have_ever_more_references_and_the_stem_of_the_space_is_theirs():
    images = load("fashion_mnist_mini", 0)
    labels = [{row["label"] for row in references_of_level(level, images)} for level in LEVELS]

    assert all(fewer <= more for fewer, more in pairwise(labels))
    assert {"mobilenetv2 stem stride 1 width 0.35", "alexnet stem stride 1"} <= labels[0]
    assert "mobilenetv2 width 1.4" in labels[-1], "with the published stem too"
    assert space_for(images)["stem"]["stride"] == 1


def test_in_less_time_images_become_fewer_until_nothing_fits():
    images, speed = load("fashion_mnist_mini", 0), Speed(0.001, 0.0003, 2000)
    found = [fitted(images, speed, [speed] * 8, Time(seconds, 2)) for seconds in (4000, 200, 5)]

    assert [share for share, _ in found] == [1.0, 0.25, 200 / len(images.train)]
    assert found[0][1].final_epochs >= found[1][1].final_epochs >= 10
    assert found[2][1] is None


def test_trainings_are_made_once_and_their_files_are_what_was_tested(tmp_path):
    plan = {**PLAN, "share": 0.03, "final_epochs": 1}
    subjects = [_subject("mobilenetv2 width 0.5", "mobilenetv2")]
    with executor["inline"](1, 1) as pool:
        first = [*train_all(tmp_path, plan, subjects, [0], pool)]
        rows = train_all(tmp_path, plan, subjects, [0, 1], pool)

    assert rows[:1] == first
    assert [row["seed"] for row in rows] == [0, 1]
    assert not [*(tmp_path / "checkpoints").iterdir()]
    floats, integers = (file_of(tmp_path, "mobilenetv2 width 0.5", 1, p).read_bytes() for p in (FP32, INT8))
    again = in_integers(floats, cut(load("fashion_mnist_mini", 0), 0.03), "int8")
    assert (again.file, again.test_accuracy) == (integers, rows[1][INT8])
    assert json.loads((tmp_path / "trained.json").read_text()) == rows


def test_further_seeds_are_of_what_was_found_and_of_the_references_next_to_it():
    rows = [row for row in ROWS if row["seed"] == 0 and row["label"] != "mobilenetv2 width 1.0"]

    assert {*around(SUBJECTS, rows)} == {"found for 1 ms", "mobilenetv2 width 0.5", "mobilenetv2 width 0.35"}


def test_tables_say_how_fast_it_is_and_what_was_not_measured():
    cost = {"seconds": 1800.0, "trials": 12, "succeeded": 11}
    text = "\n".join(tables(PLAN, cost, SUBJECTS, ROWS, LATENCIES)).replace("\u00a0", " ")

    assert "1.00 core-hours" in text, "of two cores for half an hour"
    assert "local-ncnn-1t: not measured: ncnn is not installed" in text
    assert "| local-cpu-1t | found for 1 ms | 2.0x (95 %: " in text
    assert "at least 1.8 times as fast: 1, with 95 % confidence: " in text
    assert "of 84.0 %, is more accurate than AlexNet, of 82.0 %, and 15x as fast, which reaches 13x" in text
    assert "86.00 %" in text, "the mean over three seeds"


def test_outside_the_curve_nothing_is_said_to_be_equal():
    curve = (Measured(0.8, 1.0, 0.01, 0.0), Measured(0.9, 2.0, 0.01, 0.0))

    assert beside(curve, Measured(0.95, 1.0, 0.01, 0.0)).startswith("more accurate than all")
    assert beside(curve, Measured(0.7, 1.0, 0.01, 0.0)).startswith("less accurate than all")
    assert beside((), Measured(0.7, 1.0)) == "none"


def test_shufflenet_is_read_at_the_accuracy_of_alexnet():
    shuffle = (Measured(0.8, 1.0, 0.001, 0.0), Measured(0.9, 4.0, 0.001, 0.0))
    said = shuffle_beside_alexnet(shuffle, Measured(0.85, 40.0, 0.001, 0.0)).replace("\u00a0", " ")

    assert said.startswith("at the accuracy of AlexNet, of 85.0 %, ShuffleNet is 20x as fast (95 %: ")
    low, high = (float(each) for each in said.partition("95 %: ")[2].partition(")")[0].split(" to "))
    assert low < 20 < high


def test_the_picture_has_a_panel_for_each_device_that_was_measured():
    drawn = draw(PLAN, SUBJECTS, ROWS, LATENCIES)

    assert drawn.count("<circle") == len(SUBJECTS)
    assert drawn.count("<polyline") == len({row["curve"] for row in SUBJECTS if row["curve"]})
    assert "local-ncnn" not in drawn


@pytest.mark.parametrize("missing", ["alexnet", "shufflenet width 0.25"])
def test_a_network_that_was_not_measured_is_named(missing):
    latencies = [{**LATENCIES[0], "latencies": {label: [ms, 0.0] for label, ms in MS.items() if label != missing}}]

    assert "one of the two was not measured" in "\n".join(
        tables(PLAN, {"seconds": 1.0, "trials": 1, "succeeded": 1}, SUBJECTS, ROWS, latencies)
    )
