"""A whole compression, and its report."""

from copy import deepcopy

import pytest
from quadrants import one_thread  # noqa: F401 - a fixture that is used by itself

from nas.compressing import chain
from nas.compressing.compressed import compressed
from nas.compressing.files import unpacked
from nas.compressing.plan import plan
from nas.compression.model import Model, restore
from nas.compression.packing import packed
from nas.compression.presets import PRESETS
from nas.container.file import read
from nas.export import accuracy
from nas.ops import Conv, GlobalPool, Linear, Network, Shape, seq
from nas.ops.torch_reading.module import build
from nas.training import Recipe
from nas.training.fit import fit

NETWORK = Network(seq(Conv(8, 3), Conv(8, 3, 2), GlobalPool(), Linear(4)), Shape(1, 8, 8))


@pytest.fixture(scope="module")
def weights(images):
    module = build(NETWORK, seed=0)
    fit(module, images, Recipe(epochs=3, batch_size=32), seed=0, report=lambda *_: None)
    return module.state_dict()


@pytest.fixture
def start(weights):
    module = build(NETWORK, seed=0)
    module.load_state_dict(weights)
    return Model(NETWORK, module.eval())


def test_the_accuracy_before_is_that_of_the_network_that_came_in(start, images, tmp_path):
    file = unpacked(packed(start, images))
    stages = [{"name": "prune", "density": 0.01, "epochs": 1}]
    report = compressed(start, stages, dataset=images, seed=0, folder=tmp_path, listener=lambda *_: None).report
    assert report["test_accuracy_before"] == accuracy(file, images, NETWORK)
    assert report["test_accuracy"] < report["test_accuracy_before"]


@pytest.mark.parametrize("preset", ["qnn-w1a2", "ttq"])
def test_a_preset_that_is_done_is_neither_trained_nor_scored_nor_packed_again(
    start, images, tmp_path, monkeypatch, preset
):
    assert preset in PRESETS

    def run(model, listener):
        stages = plan(preset).lasting(1).stages
        return compressed(model, stages, dataset=images, seed=0, folder=tmp_path, listener=listener)

    begun = deepcopy(start.state())
    first = run(start, lambda *_: None)

    def trained(*_):
        raise AssertionError("it trains again")

    monkeypatch.setattr(chain, "evaluate", None)
    monkeypatch.setattr(chain, "packed", None)
    again = run(restore(begun), trained)
    assert again.file == first.file
    assert read(again.file).network.op.ops[0].act == ("relu" if preset == "ttq" else "uint2")
