"""Zero-cost scores against closed forms and slow obvious versions."""

from math import inf, log

import numpy as np
import pytest
import torch
from quadrants import quadrants
from torch import nn

from nas.metric import Source, metrics
from nas.ops.notation import read_network
from nas.ops.torch_reading.module import build
from nas.testing.metrics import check_metric
from nas.training.initial import initial_module, inputs
from nas.zero_cost import Sample, zero_cost, zero_cost_scores

SEED = 3
NETWORK = read_network("1x8x8: conv_6_k3_s2 res(conv_6_k3) conv_8_k3 gap linear_4")


@pytest.fixture(scope="module")
def sample():
    return Sample.of(quadrants(), SEED, 16)


def started(network, sample):
    """Its module and its images."""
    return initial_module(network, sample.seed), inputs(network, sample.split, sample.moments)


def score(name, network, sample):
    return zero_cost.make(name).score(network, sample)


@pytest.mark.parametrize("name", list(zero_cost))
def test_scores_depend_on_network_sample_and_seed_alone(name, sample):
    torch.manual_seed(1)
    first = score(name, NETWORK, sample)
    state = torch.get_rng_state()
    torch.manual_seed(2)

    assert np.isfinite(first)
    assert score(name, NETWORK, sample) == first
    assert score(name, NETWORK, Sample.of(quadrants(), SEED + 1, 16)) != first
    torch.manual_seed(1)
    assert torch.equal(torch.get_rng_state(), state), "the global generator was drawn from"


@pytest.mark.parametrize("name", list(zero_cost))
def test_each_score_is_declared_as_a_metric(name):
    check_metric(name)
    assert metrics()[name].source is Source.UNTRAINED
    assert not metrics()[name].known_before_training


@pytest.mark.parametrize("name", list(zero_cost))
@pytest.mark.parametrize(
    "notation",
    [
        "1x8x8: conv_8_k3_hswish se_4 pool_2_s2 drop_0.5 conv_8_k3_relu6 gap linear_4",
        "1x8x8: conv_8_k3_linear bn_sign conv_8_k3_bias_relu lrn_5 shuffle_2 gap linear_4",
    ],
)
def test_every_kind_of_op_has_a_score(name, notation, sample):
    (found,) = zero_cost_scores([read_network(notation)], [name], sample)

    assert np.isfinite(found[name])


def test_what_says_nothing_of_a_network_is_left_out(sample):
    without_rectifiers = read_network("1x8x8: gap linear_4")

    (found,) = zero_cost_scores([without_rectifiers], ["naswot", "synflow"], sample)

    assert score("naswot", without_rectifiers, sample) == -inf
    assert list(found) == ["synflow"]


def test_the_sample_is_drawn_by_the_seed():
    images = quadrants()

    first, other = Sample.of(images, 0, 16), Sample.of(images, 1, 16)

    assert len(first.split) == 16
    assert np.array_equal(first.split.images, Sample.of(images, 0, 16).split.images)
    assert not np.array_equal(first.split.images, other.split.images)
    assert len(Sample.of(images, 0, 10_000).split) == len(images.train)


def test_synflow_of_a_chain_is_its_layers_times_the_product_of_their_weights(sample):
    """Each layer's sum of w * dR/dw is R itself, as R is linear in its weights."""
    network = read_network("1x8x8: gap linear_5_relu linear_6_hswish linear_4")
    first, second, third = (weight.detach() for weight in build(network, SEED).parameters() if weight.ndim > 1)

    flow = (third.abs() @ second.abs() @ first.abs() @ torch.ones(1)).sum()

    assert score("synflow", network, sample) == pytest.approx(log(3 * float(flow)), rel=1e-6)


def test_synflow_of_a_deep_network_is_finite(sample):
    deep = read_network("1x8x8: " + "conv_8_k3_relu6 " * 80 + "gap linear_4")

    assert 0 < score("synflow", deep, sample) < inf


def test_naswot_of_two_images_has_a_closed_form():
    """K = [[A, A - d], [A - d, A]] for A rectifiers, of which the images set d differently."""
    network = read_network("1x8x8: conv_6_k3_s2 conv_8_k3_s2_bias gap linear_4")
    sample = Sample.of(quadrants(), SEED, 2)
    net, images = started(network, sample)
    first = net[0].norm(net[0].conv(images))
    second = net[1].conv(first.relu())
    codes = torch.cat([first.flatten(1) > 0, second.flatten(1) > 0], dim=1)
    count, different = codes.shape[1], int((codes[0] != codes[1]).sum())

    expected = log(count**2 - (count - different) ** 2)

    assert score("naswot", network, sample) == pytest.approx(expected, rel=1e-5)


def test_naswot_counts_pairs_of_equal_codes(sample):
    network = read_network("1x8x8: conv_6_k3_s2 gap linear_4")
    net, images = started(network, sample)
    codes = (net[0].norm(net[0].conv(images)) > 0).flatten(1).tolist()

    kernel = [[sum(a == b for a, b in zip(one, other, strict=True)) for other in codes] for one in codes]

    assert score("naswot", network, sample) == pytest.approx(np.log(np.linalg.det(kernel)), rel=1e-5)


def test_zico_is_the_sum_over_layers_of_mean_over_deviation(sample):
    """Weight by weight, with the gradients of backward."""
    net, images = started(NETWORK, sample)
    labels = torch.from_numpy(sample.split.labels)
    layers = [part for part in net.modules() if isinstance(part, nn.Conv2d | nn.Linear)]
    sizes = [[] for _ in layers]
    for start in range(0, 16, 4):
        net.zero_grad()
        nn.functional.cross_entropy(net(images[start : start + 4]), labels[start : start + 4]).backward()
        for layer, found in zip(layers, sizes, strict=True):
            found.append(layer.weight.grad.flatten().abs().tolist())
    total = 0.0
    for found in sizes:
        per_weight = [np.array(values) for values in zip(*found, strict=True)]
        total += log(sum(values.mean() / values.std() for values in per_weight if values.std() > 0))

    assert score("zico", NETWORK, sample) == pytest.approx(total, rel=1e-4)


def test_zico_leaves_out_layers_whose_gradients_do_not_vary():
    """One part has no deviation."""
    assert score("zico", NETWORK, Sample.of(quadrants(), SEED, 3)) == -inf
