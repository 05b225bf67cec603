"""Bits and densities by layer, for a size."""

import re
from copy import deepcopy
from itertools import product

import numpy as np
import pytest
import torch
from quadrants import one_thread, trained_state  # noqa: F401 - a fixture that is used by itself
from torch.nn.functional import softmax

from nas.compression.bench import Bench
from nas.compression.low_bits.integers import calibration_images
from nas.compression.model import restore
from nas.compression.packing import packed
from nas.compressor import compressor
from nas.container.file import read
from nas.errors import CompressionError
from nas.ops import Conv, GlobalPool, Linear, Network, Pool, Shape, seq
from nas.ops.coded import coded

NETWORK = Network(seq(Conv(8, 3), Pool(2, 2), Conv(16, 3, groups=2), GlobalPool(), Linear(4)), Shape(1, 8, 8))
FEW = {"densities": [0.6, 0.3], "bits": [1, 3]}


@pytest.fixture(scope="module")
def state(images):
    return trained_state(NETWORK, images, epochs=2)


def allocate(state, images, checkpoint=None, report=lambda *_: None, **parameters):
    """The model, the sensitivities, and what is chosen of them."""
    stage = compressor.make({"name": "allocate", "epochs": 2, "batch_size": 32, **FEW, **parameters})
    notes = {}
    bench = Bench(images, 0, report, checkpoint, note=notes.__setitem__)
    made = stage.compress(restore(deepcopy(state)), bench)
    rows = notes["sensitivities"]
    return made, rows, [row for row in rows if row["chosen"]]


def test_the_choice_is_the_best_of_all_that_take_no_more_bytes(state, images):
    made, rows, chosen = allocate(state, images, max_bytes=520, densities=[1.0], bits=[1, 2, 3, 4])
    assert len(packed(made, images)) <= 520
    layers = [[row for row in rows if row["layer"] == one["layer"]] for one in chosen]
    taken = sum(row["size_bytes"] for row in chosen)
    possible = [each for each in product(*layers) if sum(row["size_bytes"] for row in each) <= taken]
    least = min(sum(row["loss"] for row in each) for each in possible)
    assert sum(row["loss"] for row in chosen) == pytest.approx(least)
    assert len({row["bits"] for row in chosen}) > 1


def test_densities_and_bits_are_those_of_the_file(state, images):
    made, _, chosen = allocate(state, images, max_bytes=450)
    file = packed(made, images)
    assert len(file) <= 450
    assert {row["density"] for row in chosen} == {0.6, 0.3}
    for row in chosen:
        weight, _ = read(file).tensors[row["layer"]]
        assert weight.density == pytest.approx(row["density"], abs=1 / weight.codes.size)
        assert len(weight.levels) <= 2 ** row["bits"] + (row["density"] < 1)


def test_a_loss_is_the_divergence_with_that_layer_alone_of_few_values(state, images):
    _, rows, _ = allocate(state, images, ratio=6)
    row = next(row for row in rows if row["layer"] == "2.conv" and (row["density"], row["bits"]) == (0.3, 1))
    module = restore(deepcopy(state)).module
    some = torch.from_numpy(np.concatenate(list(calibration_images(images, 8))))
    weight = module.get_parameter("2.conv.weight")
    with torch.no_grad():
        before = softmax(module(some), 1)
        order = weight.abs().flatten().sort(descending=True).values
        weight[weight.abs() < order[round(0.3 * len(order)) - 1]] = 0
        kept = weight[weight != 0]
        centres = torch.stack([kept.min(), kept.max()])
        for _ in range(50):  # k-means
            side = kept > centres.mean()
            centres = torch.stack([kept[~side].mean(), kept[side].mean()])
        weight[weight != 0] = torch.where(kept > centres.mean(), centres[1], centres[0])
        after = softmax(module(some), 1)
    assert len(coded(weight.detach().numpy()).levels) == 3
    expected = (before * (before / after).log()).sum(1).mean()
    assert row["loss"] == pytest.approx(float(expected), rel=1e-3)


def test_too_few_bytes_are_refused_with_a_number_that_is_enough(state, images):
    with pytest.raises(CompressionError, match="max_bytes of") as refused:
        allocate(state, images, max_bytes=100, densities=[1.0])
    enough = int(re.search(r"max_bytes of (\d+)", str(refused.value))[1])
    made, _, chosen = allocate(state, images, max_bytes=enough, densities=[1.0])
    assert len(packed(made, images)) <= enough
    assert {row["bits"] for row in chosen} == {1}


@pytest.mark.parametrize("killed_at", [1, 3])
def test_it_goes_on_after_a_kill_in_either_training(state, images, tmp_path, killed_at):
    whole, _, _ = allocate(state, images, max_bytes=450)
    epochs = []

    def kill(epoch, _):
        epochs.append(epoch)
        if epoch == killed_at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        allocate(state, images, tmp_path / "state", kill, max_bytes=450)
    assert epochs == list(range(1, killed_at + 1))
    again, _, _ = allocate(state, images, tmp_path / "state", max_bytes=450)
    assert packed(again, images) == packed(whole, images)
