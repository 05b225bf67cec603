"""Channels that belong together, and networks without some of them."""

from copy import deepcopy
from dataclasses import replace
from random import Random

import numpy as np
import pytest
import torch
from quadrants import one_thread, trained_state  # noqa: F401 - a fixture that is used by itself

from nas import ops
from nas.compression.bench import Bench
from nas.compression.forms import layers
from nas.compression.model import Model, restore
from nas.compression.pruning.channels import kept_classes, without_channels
from nas.compressor import compressor
from nas.errors import CompressionError
from nas.ops import Concat, Conv, GlobalPool, Linear, Network, PadChannels, Pool, Residual, Shape, Shuffle, seq
from nas.ops.channels import channels, narrowed
from nas.ops.cost import network_cost
from nas.ops.layers import weighted_layers
from nas.ops.notation import read_network
from nas.ops.onnx_graph import StateWeights, onnx_model
from nas.ops.torch_reading.module import build
from nas.spaces import load_space
from nas.training.score import evaluate

SIDE = 32
NETWORKS = {
    "depthwise": "1x8x8: conv_8 conv_8_k3_g8 conv_12 gap linear_4",
    "groups and shuffle": "1x8x8: conv_8 conv_16_g2 shuffle_4 conv_24_k3_g4 gap linear_4",
    "flat": "2x6x6: conv_6_bias pool_2 linear_20_relu linear_3",
    "norms": "1x8x8: conv_6_k3_bias_linear pool_2_p0 bn_sign linear_8 bn_sign linear_4 bn",
    "neighbours": "1x8x8: conv_6 lrn_5 conv_8 gap linear_4",
}


def members():
    for space, count in (("small", 5), ("mobile", 3)):
        for seed in range(count):
            network = load_space(space).sample(Random(seed)).architecture.expand()
            yield pytest.param(replace(network, input=Shape(network.input.channels, SIDE, SIDE)), id=f"{space} {seed}")
    for name, notation in NETWORKS.items():
        yield pytest.param(read_network(notation), id=name)
    padded = Residual(Conv(12, 3, act=None), seq(Conv(8), PadChannels(12)), "relu")
    joined = Concat((Pool(3, 1, kind="avg"), seq(Conv(4), Shuffle(2), Conv(6, 3, groups=2), ops.SqueezeExcite(3))))
    yield pytest.param(Network(seq(Conv(8), padded, joined, GlobalPool(), Linear(3)), Shape(1, 8, 8)), id="branches")


MEMBERS = list(members())


def drawn(network, seed):
    """A model with statistics and factors that differ from channel to channel."""
    module = build(network, seed=seed).eval()
    generator = torch.Generator().manual_seed(seed)
    for part in module.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            for values in (part.weight.data, part.bias.data, part.running_mean, part.running_var):
                values.add_(torch.rand(values.shape, generator=generator))
    return Model(network, module)


@pytest.mark.parametrize("network", MEMBERS)
def test_a_narrower_network_computes_what_the_network_does_without_reading_these_channels(network):
    """What reads them is found by trying: a change of them must not be seen."""
    model, found = drawn(network, 0), channels(network)
    kept = kept_classes(np.random.default_rng(0).random(len(found.fixed), np.float32), found, 0.6, together=False)
    images = torch.randn(2, *network.input, generator=torch.Generator().manual_seed(1))
    smaller = without_channels(model, found, kept)
    silenced = restore(model.state())
    for layer in weighted_layers(network):
        path, _, part = layer.path.rpartition(".")
        if layer.kind != "norm" and part != "expand":
            weight = layers(silenced.module)[layer.path].weight.data
            read = kept[found.inputs[path]]
            if part == "conv" and layer.field.channels < len(read):  # grouped
                columns = read.reshape(-1, layer.field.channels)
                rows = np.repeat(columns, len(weight) // len(columns), axis=0)
                weight *= torch.from_numpy(rows)[:, :, None, None]
            else:
                columns = np.repeat(read, weight.shape[1] // len(read))
                weight *= torch.from_numpy(columns).view(1, -1, *[1] * (weight.ndim - 2))
    with torch.no_grad():
        torch.testing.assert_close(smaller.module(images), silenced.module(images), rtol=1e-3, atol=1e-4)
    before, after = network_cost(network), network_cost(smaller.network)
    if not found.fixed.all():
        assert after.params < before.params
        assert after.macs < before.macs
    assert smaller.network == narrowed(network, found, kept)


@pytest.mark.parametrize("network", MEMBERS)
def test_all_classes_kept_are_the_network_itself(network):
    found = channels(network)
    assert narrowed(network, found, np.ones(len(found.fixed), bool)) == network


def test_channels_that_are_added_or_convolved_alone_are_one_class():
    body = seq(Conv(6), Conv(6, 3, groups=6), Conv(4, act=None))
    found = channels(Network(seq(Conv(4), Residual(body), GlobalPool(), Linear(2)), Shape(1, 8, 8)))
    assert found.outputs["0"].tolist() == found.outputs["1"].tolist() == found.outputs["1.body.2"].tolist()
    assert found.outputs["1.body.0"].tolist() == found.outputs["1.body.1"].tolist()
    assert len(found.fixed) == 1 + 4 + 6 + 2
    assert found.fixed.sum() == 1 + 2


@pytest.fixture(scope="module")
def trained(images):
    body = Residual(seq(Conv(16), Conv(16, 3, groups=16), Conv(8, act=None)))
    network = Network(seq(Conv(8, 3), Pool(2, 2), body, Conv(16, groups=2), GlobalPool(), Linear(4)), Shape(1, 8, 8))
    return trained_state(network, images, epochs=6)


@pytest.fixture
def model(trained):
    return restore(deepcopy(trained))


def prune(model, images, checkpoint=None, report=lambda *_: None, **parameters):
    training = {"epochs": 3, "batch_size": 32, "learning_rate": 0.05, "structure": "channels", "ramp": 0.7}
    stage = compressor.make({"name": "prune", **training, **parameters})
    return stage.compress(model, Bench(images, 0, report, checkpoint))


@pytest.mark.parametrize("scope", ["layer", "global"])
def test_a_pruned_network_is_narrower_plain_and_as_accurate_as_was_reported(model, images, scope):
    reports = []
    before = len(onnx_model(model.network, StateWeights(model.numbers())).SerializeToString())
    made = prune(model, images, report=lambda _, metrics: reports.append(metrics), density=0.5, scope=scope)
    assert len(onnx_model(made.network, StateWeights(made.numbers())).SerializeToString()) < before
    found = channels(model.network)
    left = channels(made.network)
    if scope == "global":
        assert (~left.fixed).sum() == round(0.5 * (~found.fixed).sum())
    else:
        assert [len(left.outputs[path]) for path in ("0", "2.body.0", "3")] == [4, 8, 8]
    assert network_cost(made.network).macs < 0.6 * network_cost(model.network).macs
    assert all(bool((layer.weight != 0).all()) for layer in layers(made.module).values())
    score = evaluate(made.module, images.validation, images.mean, images.std)
    assert score.accuracy == pytest.approx(reports[-1]["accuracy"], abs=0.02)
    assert score.accuracy > 0.5


def test_channels_without_which_the_loss_stays_go_first(model, images):
    """Of 28 classes, three that are read with weights near 0: those of six channels, as two groups share them."""
    weight = model.module.get_parameter("5.linear.weight")
    useless = [1, 2, 5, 9, 10, 13]
    with torch.no_grad():
        weight[:, useless] *= 1e-4
    expected = np.delete(weight.detach().numpy().copy(), useless, axis=1)
    made = prune(model, images, scope="global", density=25 / 28, learning_rate=1e-6, weight_decay=0)
    assert made.network.op.ops[3] == replace(model.network.op.ops[3], out=10)
    assert made.numbers()["5.linear.weight"] == pytest.approx(expected, abs=1e-3)


def test_pruning_of_channels_goes_on_after_a_kill_to_the_same_network(model, trained, images, tmp_path):
    cut, again = (restore(deepcopy(trained)) for _ in range(2))

    def kill(epoch, _):
        if epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prune(cut, images, tmp_path / "state", kill, scope="global", density=0.4)
    whole = prune(model, images, scope="global", density=0.4)
    again = prune(again, images, tmp_path / "state", scope="global", density=0.4)
    assert again.network == whole.network
    assert all(np.array_equal(again.numbers()[name], value) for name, value in whole.numbers().items())
    finished = prune(restore(deepcopy(trained)), images, tmp_path / "state", scope="global", density=0.4)
    assert finished.network == whole.network


def test_one_density_goes_with_channels_and_there_must_be_some(model, images):
    with pytest.raises(CompressionError, match="one number for all layers"):
        prune(model, images, density=[0.5, 0.5])
    alone = Network(seq(Linear(4)), Shape(1, 8, 8))
    with pytest.raises(CompressionError, match="structure: weights"):
        prune(Model(alone, build(alone, seed=0)), images)
