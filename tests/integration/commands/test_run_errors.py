"""What is wrong with a spec is said in one message that names the field and the remedy, with exit code 2."""

import json

import pytest
from calling import nas
from pictures import photos
from PIL import Image

NOTHING_FITS = {
    "name": "mine",
    "resolution": 28,
    "stem": {"width": 16},
    "stages": [{"blocks": [{"shuffle": {"groups": 4}}], "layers": 1, "width": 24, "stride": 2}],
}


@pytest.fixture
def refused(tmp_path, monkeypatch):
    """The message with which `nas run` refuses a spec."""
    monkeypatch.setenv("NAS_LATENCY_DB", str(tmp_path / "latency.db"))

    def run(spec):
        path = tmp_path / "spec.yaml"
        path.write_text(spec if isinstance(spec, str) else json.dumps(spec))
        code, printed, complaints = nas("run", path, "--out", tmp_path / "out")
        assert code == 2, printed + complaints
        assert complaints.startswith("Error: ")
        return complaints

    return run


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({}, ["dataset", "required"]),
        ("dataset: [", ["not YAML"]),
        ("- dataset", ["mapping"]),
        ("[" * 20_000, ["not YAML"]),
        ({"dataset": "mnits"}, ["mnits", "fashion_mnist_mini"]),
        ({"dataset": "fashion_mnist_mini", "max_trails": 3}, ["max_trails"]),
        ({"dataset": "fashion_mnist_mini", "max_trials": 0}, ["max_trials", "at least 1"]),
        ({"dataset": "fashion_mnist_mini", "space": "smal"}, ["smal", "mnasnet", "small"]),
        ({"dataset": "fashion_mnist_mini", "device": "pixel-1"}, ["pixel-1", "local-cpu-1t"]),
        ({"dataset": "fashion_mnist_mini", "searcher": "evolutoin"}, ["evolutoin", "evolution"]),
        ({"dataset": "fashion_mnist_mini", "searcher": {"name": "evolution", "pop": 3}}, ["searcher.pop"]),
        (
            {"dataset": "fashion_mnist_mini", "searcher": {"name": "evolution", "population": 4, "tournament": 8}},
            ["searcher.tournament: 8", "population of 4"],
        ),
        ({"dataset": "fashion_mnist_mini", "evaluator": {"name": "train", "epochs": 0}}, ["evaluator.epochs"]),
        ({"dataset": "fashion_mnist_mini", "references": ["alexnot"]}, ["alexnot", "alexnet"]),
        ({"dataset": "fashion_mnist_mini", "references": ["lenet_5", "alexnet"]}, ["references.1", "alexnet", "28 px"]),
        (
            {"dataset": "fashion_mnist_mini", "references": [{"name": "lenet_5", "classes": 7}]},
            ["references.0.classes", "leave it out"],
        ),
        (
            "dataset: fashion_mnist_mini\nobjective: {name: constrained, target_latency_ms: .nan}",
            ["objective.target_latency_ms"],
        ),
        ({"dataset": "fashion_mnist_mini", "space": NOTHING_FITS}, ["divisible by 4", "Widen"]),
    ],
)
def test_a_wrong_spec_is_refused(spec, said, refused):
    message = refused(spec)

    for words in said:
        assert words in message


def test_a_folder_of_one_class_is_refused(tmp_path, refused):
    (tmp_path / "photos" / "cats").mkdir(parents=True)
    for number in range(4):
        Image.new("RGB", (32, 32), (number, 0, 0)).save(tmp_path / "photos" / "cats" / f"{number}.png")

    message = refused({"dataset": {"name": "folder", "path": str(tmp_path / "photos"), "size": 32}})

    assert "class" in message


def test_a_corrupt_image_is_named(tmp_path, refused):
    for name in ("cats", "dogs"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(6):
            Image.new("RGB", (32, 32), (number, 0, 0)).save(tmp_path / "photos" / name / f"{number}.png")
    (tmp_path / "photos" / "dogs" / "3.png").write_bytes(b"\x89PNG but not really")

    message = refused({"dataset": {"name": "folder", "path": str(tmp_path / "photos"), "size": 32}})

    assert "3.png" in message


def test_a_class_that_train_lacks_is_said_by_field_before_the_folder_is_made(tmp_path, refused):
    photos(tmp_path / "photos" / "train", classes=("cat", "dog"))
    photos(tmp_path / "photos" / "test", classes=("cat", "fox"))

    message = refused({"dataset": {"name": "folder", "path": str(tmp_path / "photos")}})

    assert message.startswith(f"Error: dataset.path: {tmp_path}/photos/test has classes that train lacks: fox")
    assert not (tmp_path / "out").exists()
