"""The first filters of a network as directions of the training images' patches."""

from dataclasses import replace

import pytest
import torch
from quadrants import quadrants
from torch.nn.functional import conv2d

from nas.ops.notation import read_network
from nas.ops.torch_reading.module import build
from nas.training import Recipe
from nas.training.batches import normalised
from nas.training.fit import fit
from nas.training.initial import untrained

WHITENED = Recipe(epochs=1, whitened=True)
NETWORK = "1x8x8: conv_18_k3 gap linear_4"


def filters(module):
    return next(part.weight for part in module.modules() if isinstance(part, torch.nn.Conv2d))


def test_its_outputs_are_uncorrelated_with_a_variance_of_one_and_come_with_both_signs():
    images = quadrants()

    weight = filters(untrained(read_network(NETWORK), images, WHITENED, 0)).detach()

    seen = normalised(images.train.images[:], images.mean, images.std, 8)
    found = conv2d(seen, weight).transpose(0, 1).flatten(1)
    expected = torch.eye(9)
    strong = (found[::2] ** 2).mean(1) > 0.9  # a direction in which patches hardly vary is not blown up
    assert strong.sum() >= 5
    together = (found[::2] @ found[::2].T / found.shape[1])[strong][:, strong]
    torch.testing.assert_close(together, expected[strong][:, strong], atol=0.1, rtol=0)
    assert torch.equal(weight[1::2], -weight[::2])


def test_more_filters_than_directions_keep_their_random_weights_and_all_stay_as_they_are():
    network, images = read_network("1x8x8: conv_32_k3 gap linear_4"), quadrants()
    module = untrained(network, images, WHITENED, 0)
    begun = filters(module).detach().clone()

    fit(module, images, WHITENED, seed=0, report=lambda *_: None)

    assert torch.equal(begun[18:], filters(build(network, 0)).detach()[18:])
    assert torch.equal(filters(module), begun)


@pytest.mark.parametrize("notation", ["1x8x8: linear_8 linear_4", "1x8x8: pool_avg linear_4"])
def test_a_network_without_a_convolution_over_the_images_begins_with_its_random_weights(notation):
    network = read_network(notation)

    found = untrained(network, quadrants(), WHITENED, 0).state_dict()

    assert all(torch.equal(found[name], value) for name, value in build(network, 0).state_dict().items())


def test_without_it_nothing_changes():
    network = read_network(NETWORK)

    found = untrained(network, quadrants(), replace(WHITENED, whitened=False), 0)

    assert torch.equal(filters(found), filters(build(network, 0)))
    assert filters(found).requires_grad
