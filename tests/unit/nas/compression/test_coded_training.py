"""Training a network with codes for weights, and its file."""

import numpy as np
import pytest
from quadrants import one_thread  # noqa: F401 - a fixture that is used by itself

from nas.compressing.files import unpacked
from nas.compression.bench import Bench
from nas.compression.coded_training import file_score, train_coded
from nas.container.file import read
from nas.evaluator import evaluator
from nas.export import accuracy
from nas.ops.cost import is_coded, network_cost
from nas.ops.layers import weighted_layers
from nas.ops.notation import read_network
from nas.training import Recipe

TEXT = (
    "1x8x8: conv_8_k3 [conv_24_k3_w8 conv_24_k3_g24_w4] conv_24_ternary conv_24_k3_binary "
    "conv_32_k3_s2_w4_d0.25 se_8_ternary_d0.5 [gap linear_4_w8_d0.5]"
)
NETWORK = read_network(TEXT)
RECIPE = Recipe(epochs=2, batch_size=32)


@pytest.fixture(scope="module")
def model(images):
    made, _ = train_coded(NETWORK, RECIPE, Bench(images, seed=0, report=lambda *_: None))
    return made


def test_each_layer_of_the_file_has_the_values_and_the_density_that_the_network_says(model, images):
    file, score = file_score(model, images)
    container = read(file)
    weights = {layer: container.tensors[layer.path][0] for layer in weighted_layers(NETWORK)}
    most = {"int8": 255, "int4": 16, "ternary": 3, "binary": 2}

    assert score.accuracy > 0.4
    assert isinstance(container.tensors["0.conv"][0], np.ndarray)
    for layer, weight in weights.items():
        if layer.precision != "float32":
            assert len(weight.levels) == most[layer.precision]
            assert weight.density <= layer.density + 0.01
    pruned = [weight.density for layer, weight in weights.items() if layer.density < 1]
    assert len(pruned) == 4
    assert min(pruned) > 0.1


def test_the_score_is_that_of_what_the_file_unpacks_to(model, images):
    file, score = file_score(model, images)
    right = accuracy(unpacked(file), images, NETWORK)

    assert score.accuracy == pytest.approx(right, abs=0.1)  # of other images
    assert network_cost(NETWORK).size_bytes == pytest.approx(len(file), rel=0.15)


def test_the_evaluator_scores_the_file(images):
    """Of a network without codes it says no size, which is that of its parameters."""
    made = evaluator.make({"name": "train", "epochs": 2, "batch_size": 32, "device": "cpu"}, images, 0)
    heard = []
    found = made.evaluate(NETWORK, lambda epoch, _: heard.append(epoch))

    assert heard == [1, 2]
    assert found["accuracy"] > 0.4
    assert found["size_bytes"] == pytest.approx(network_cost(NETWORK).size_bytes, rel=0.15)
    plain = read_network("1x8x8: conv_8_k3_s2 [gap linear_4]")
    assert not is_coded(plain)
    assert "size_bytes" not in made.evaluate(plain, lambda *_: None)


def test_a_training_goes_on_from_its_checkpoint(model, images, tmp_path):
    class KilledError(Exception):
        pass

    def dies(epoch, _):
        if epoch == 1:
            raise KilledError

    kept = tmp_path / "training"
    with pytest.raises(KilledError):
        train_coded(NETWORK, RECIPE, Bench(images, 0, dies, kept))
    resumed, _ = train_coded(NETWORK, RECIPE, Bench(images, 0, lambda *_: None, kept))

    assert file_score(resumed, images)[0] == file_score(model, images)[0]
