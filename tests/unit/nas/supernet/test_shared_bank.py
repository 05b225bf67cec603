"""Networks that take their weights from a bank."""

from itertools import pairwise
from random import Random

import pytest
import torch

from nas.errors import FormatError
from nas.spaces import load_space
from nas.supernet import Sampling
from nas.supernet.bank import Supernet, loaded
from nas.supernet.expected import ExpectedAccuracy, fitted
from nas.supernet.file import read, write
from nas.supernet.sampling import Sampler
from nas.supernet.scoring import bank_of
from nas.supernet.training import SharedCriterion
from nas.training import Recipe
from nas.training.batches import Batch
from nas.training.optimizers import optimizer

SPACE = load_space("small").for_images(1, 16, 10)
IMAGES = torch.randn(8, 1, 16, 16, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def supernet():
    return Supernet(SPACE, 0).to(memory_format=torch.channels_last)


def test_a_network_scores_as_it_does_by_itself_with_its_part_of_the_weights(supernet):
    rng = Random(1)
    for _ in range(10):
        network = SPACE.sample(rng).architecture.expand()
        with torch.no_grad():
            alone = loaded(network, supernet.bank.weights(network)).train()(IMAGES)

            torch.testing.assert_close(supernet.scores(network, IMAGES), alone)


def test_images_are_resized_to_the_network():
    space = load_space({**load_space("small").to_dict(), "stages": [{"blocks": ["conv"], "layers": 1, "width": 16}]})
    space = space.from_dict({**space.to_dict(), "resolution": [8, 16]})

    shapes = {Supernet(space, 0).scores(space.sample(Random(n)).architecture.expand(), IMAGES).shape for n in range(8)}

    assert shapes == {(8, 10)}


@pytest.mark.parametrize("name", ["sgd", "adamw", "rmsprop"])
def test_weights_that_a_step_is_not_of_stay_bit_for_bit(supernet, name):
    """They would move by their old momentum and decay."""
    recipe = Recipe(optimizer=name, learning_rate=0.01)
    steps = optimizer(supernet, recipe)
    rng = Random(0)
    for network in [SPACE.sample(rng).architecture.expand() for _ in range(4)]:
        before = {key: tensor.detach().clone() for key, tensor in supernet.bank.tensors.items()}
        supernet.scores(network, IMAGES).logsumexp(1).sum().backward()
        steps.step()
        steps.zero_grad()

        own = {share.key for share in supernet.bank.roles.shares(network)}
        changed = {key for key, tensor in supernet.bank.tensors.items() if not torch.equal(tensor, before[key])}
        assert changed <= own
        assert "stem/after0-conv0/conv-weight" in changed


def test_the_first_of_several_networks_learns_labels_and_teaches_the_others(supernet):
    sampler = Sampler(SPACE, Sampling("sandwich"), 0)
    criterion = SharedCriterion(supernet, sampler, Sampling("sandwich"), 0.0)
    criterion.before_step(supernet, 0, 0.0)
    labels = torch.arange(8)

    loss = criterion.loss(supernet(IMAGES), Batch(IMAGES, labels))

    first, *others = sampler.draw(0, 0.0)
    assert (first, others[-1]) == (sampler.largest, sampler.smallest)
    scores = supernet.scores(first, IMAGES)
    entropy = torch.nn.functional.cross_entropy
    expected = entropy(scores, labels) + sum(entropy(supernet.scores(o, IMAGES), scores.softmax(1)) for o in others)
    torch.testing.assert_close(loss, expected)


def test_small_networks_have_lower_rates_later():
    def rate(sampling, network):
        supernet = Supernet(SPACE, 0)
        criterion = SharedCriterion(supernet, sampler, sampling, 0.0)
        supernet.chosen = network
        return criterion.rate(0.05, 0.1)

    sampler = Sampler(SPACE, Sampling(), 0)
    by_size = Sampling(rate_by_size=True)
    assert rate(Sampling(), sampler.smallest) == 0.05
    assert rate(by_size, sampler.largest) == pytest.approx(0.05)
    assert rate(by_size, sampler.smallest) == pytest.approx(0.025)


def test_fair_sampling_takes_each_kind_of_block_equally_often():
    sampler, roles = Sampler(SPACE, Sampling(), 0), Supernet(SPACE, 0).bank.roles
    for cycle in range(4):
        kinds = []
        for step in range(5 * cycle, 5 * cycle + 5):
            (network,) = sampler.draw(step, 0.5)
            kinds.append(roles.of(network)[1][2].rpartition("/")[2])
        assert sorted(kinds) == ["conv", "fire", "mbconv", "separable", "shuffle"]


def test_draws_follow_from_the_step_alone():
    one, other = (Sampler(SPACE, Sampling(), 3) for _ in range(2))
    ahead = [one.draw(step, 0.0) for step in range(12)]

    assert [other.draw(step, 0.0) for step in reversed(range(12))] == ahead[::-1]


def test_the_largest_network_is_alone_first():
    sampler = Sampler(SPACE, Sampling(largest_first=0.5), 0)

    assert {sampler.draw(step, step / 10) for step in range(5)} == {(sampler.largest,)}
    assert (sampler.largest,) not in {sampler.draw(step, step / 10) for step in range(5, 10)}


def test_a_lower_loss_is_a_higher_accuracy():
    curve = fitted([0.4, 0.6, 0.9], [0.87, 0.8, 0.7])

    found = [curve.of(loss) for loss in (0.0, 0.1, 0.4, 0.6, 0.9, 5.0, 50.0)]
    assert found[0] == 1
    assert all(one > other for one, other in pairwise(found))
    assert found[2:5] == pytest.approx([0.87, 0.8, 0.7], abs=0.03)


def test_networks_that_have_learned_nothing_have_a_curve():
    assert fitted([2.3] * 4, [0.1] * 4).of(2.3) == pytest.approx(0.1)
    assert fitted([2.3, 2.4], [0.1, 0.2]).exponent > 0


@pytest.fixture
def content(supernet):
    arrays = {key: tensor.detach().numpy() for key, tensor in supernet.bank.tensors.items()}
    return write(SPACE, ExpectedAccuracy(0.4, 1.5), supernet.bank.sizes, arrays)


def test_a_file_is_read_where_it_lies(supernet, content):
    weights = read(content)

    assert (weights.space, weights.expected) == (SPACE, ExpectedAccuracy(0.4, 1.5))
    for key, array in weights.tensors.items():
        assert array.base is not None
        assert torch.equal(torch.tensor(array), supernet.bank.tensors[key])
    assert bank_of(content) is bank_of(bytearray(content)), "one bank in a process"


@pytest.mark.parametrize("damage", [lambda content: b"no" + content, lambda content: content[:-8]])
def test_a_damaged_file_is_refused(content, damage):
    with pytest.raises(FormatError, match="prepare the evaluator supernet again"):
        read(damage(content))
