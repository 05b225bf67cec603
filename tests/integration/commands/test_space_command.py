"""`nas space` as a user calls it."""

import json

import numpy as np
import onnxruntime
import pytest
from calling import nas as call

from nas.ops.cost import network_cost
from nas.ops.notation import read_network


def nas(*arguments, status=0):
    """What it prints, or complains of where the status is not 0."""
    code, printed, complaints = call(*arguments)

    assert code == status, complaints
    return printed if status == 0 else complaints


def test_show_json():
    shown = json.loads(nas("space", "show", "mnasnet", "--json"))

    assert shown["size"] == 432**7
    assert [stage["size"] for stage in shown["stages"]] == [432] * 7
    assert [block["block"] for block in shown["stages"][0]["blocks"]] == ["conv", "separable", "mbconv"]


def test_show_for_people():
    shown = nas("space", "show", "small")

    assert "members" in shown
    assert "shuffle" in shown


@pytest.mark.parametrize("space", ["mnasnet", "mobile", "photos", "small"])
def test_samples_are_networks_of_the_size_they_say(space):
    rows = json.loads(nas("space", "sample", space, "--count", 4, "--seed", 3, "--json"))

    assert len(rows) == len({row["id"] for row in rows}) == 4
    for row in rows:
        cost = network_cost(read_network(row["notation"]))
        assert (row["params"], row["macs"]) == (cost.params, cost.macs)


def test_samples_run_in_onnx_runtime(tmp_path):
    """One file a sample, named by its id; the same seed writes the same bytes again."""
    first = json.loads(nas("space", "sample", "small", "--count", 3, "--seed", 1, "--onnx", tmp_path / "a", "--json"))
    nas("space", "sample", "small", "--count", 3, "--seed", 1, "--onnx", tmp_path / "b")

    assert {file.name for file in (tmp_path / "a").iterdir()} == {f"{row['id']}.onnx" for row in first}
    for row in first:
        model = (tmp_path / "a" / f"{row['id']}.onnx").read_bytes()
        assert model == (tmp_path / "b" / f"{row['id']}.onnx").read_bytes()
        session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        scores = session.run(None, {"image": np.zeros((2, 1, 28, 28), np.float32)})[0]
        assert scores.shape == (2, 10)
        assert np.isfinite(scores).all()


def test_seeds_differ():
    assert nas("space", "sample", "small", "--seed", 1) != nas("space", "sample", "small", "--seed", 2)


def test_wrong_input_is_named_without_a_traceback(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\nresolution: 28\nstem: {width: 8}\nstages: [{blocks: [warp], layers: 1, width: 8}]\n")

    unknown = nas("space", "show", "mega", status=2)
    wrong = nas("space", "sample", file, status=2)

    assert "mnasnet, mobile, photos, small" in unknown
    assert "stages.0.blocks.0: no block named 'warp'; there are: conv" in wrong


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")

    failed = nas("space", "sample", "small", "--onnx", tmp_path / "file" / "below", status=1)

    assert "cannot write to" in failed


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_a_file_nested_too_deep_is_refused(suffix, tmp_path):
    """The reader gives up on thousands of levels; that is an error of the file, not a traceback."""
    path = tmp_path / f"deep.{suffix}"
    path.write_text("[" * 20_000)

    assert f"is not {suffix.upper()}" in nas("space", "show", path, status=2)


def test_a_negative_seed_is_refused(tmp_path):
    assert "--seed" in nas("space", "sample", "small", "--seed", -1, "--onnx", tmp_path, status=2)


def test_a_profile_for_images_says_what_a_trial_costs_here():
    """One training of seconds; a trial is two epochs of all images."""
    asked = ("space", "profile", "small", "--dataset", "fashion_mnist_mini", "--count", 20)
    (row,) = (profiled := json.loads(nas(*asked, "--json")))["rows"]

    assert profiled["train_images"] == 9000
    assert (row["resolution"], row["kernels"]) == (28, 363)
    assert 0 < row["macs"]["minimum"] < row["macs"]["median"] < row["macs"]["maximum"]
    assert row["trial_s"] == 2 * row["epoch_s"] > 0


def test_a_suggestion_of_a_set_that_is_absent_says_how_to_have_it(tmp_path):
    assert "give the folder" in nas("space", "suggest", f"folder:{tmp_path}/none", status=2)
    assert "no_such" in nas("space", "suggest", f"folder:{tmp_path}", "-o", "no_such=1", status=2)
    assert "--hours" in nas("space", "suggest", "fashion_mnist_mini", "--hours", 0, status=2)
    assert "local-cpu-1t" in nas("space", "suggest", "fashion_mnist_mini", "--device", "toaster", status=2)


def test_samples_are_scored_untrained():
    """The same seed gives the same scores, and the networks are for the images."""
    arguments = ("space", "sample", "small", "--seed", 4, "--zero-cost", "fashion_mnist_mini")
    (row,) = json.loads(nas(*arguments, "--json"))

    assert row["notation"].startswith("1x28x28")
    assert f"{row['zico']:.3g} zico" in nas(*arguments)
