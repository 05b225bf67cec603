"""Shared weights that start from trained networks."""

from random import Random

import pytest
import torch

from nas.errors import SpecError
from nas.evaluator import EARLIER, evaluator, start_of
from nas.onnx_file.metadata import stamped
from nas.ops.notation import write_network
from nas.ops.onnx_graph import RandomWeights, StateWeights, onnx_model
from nas.ops.torch_reading.module import build
from nas.spaces import load_space
from nas.supernet.bank import Supernet, loaded
from nas.supernet.scoring import Scorer
from nas.supernet.starting import start_from
from nas.supernet.trained import claimed, digest_of, fitting, packed, taken_share, trained_network, unpacked
from nas.testing.evaluators import NETWORK, SPACE, StoppedError, halves
from nas.training import Recipe
from nas.training.averaging import reestimate
from nas.training.fit import fit

BLOCKS = [
    "conv",
    {"separable": {"kernel": [3, 5]}},
    {"mbconv": {"expansion": [1, 2], "se": [0.25]}},
    {"shuffle": {"groups": 2}},
    {"fire": {"squeeze": 0.25}},
]
MIXED = {
    "name": "mixed",
    "resolution": 8,
    "stem": {"width": 8, "kernel": 3, "stride": 1},
    "stages": [{"blocks": BLOCKS, "layers": [1, 2], "width": [12, 16], "stride": 2}],
}
SPACE_OF_KINDS = load_space(MIXED).for_images(1, 8, 10)
IMAGES = torch.randn(128, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def silent(epoch, metrics):
    """Hears reports."""


def file_of(network, module):
    state = {name: value.numpy() for name, value in module.state_dict().items()}
    return stamped(onnx_model(network, StateWeights(state)), {"notation": write_network(network)})


def some_network(network):
    """A module of the network with batch norms as after a training: not the identity, and with statistics."""
    module, generator = build(network, 0), torch.Generator().manual_seed(0)
    with torch.no_grad():
        for part in module.modules():
            if isinstance(part, torch.nn.BatchNorm2d):
                part.weight.uniform_(0.2, 2, generator=generator)
            if getattr(part, "bias", None) is not None:
                part.bias.normal_(0, 0.5, generator=generator)
    reestimate(module, [IMAGES])
    return module


def in_files(networks):
    return [trained_network(file_of(network, some_network(network))) for network in networks]


@pytest.fixture(scope="module")
def networks():
    """One with each kind of block."""
    found, rng = {}, Random(0)
    while len(found) < len(BLOCKS):
        candidate = SPACE_OF_KINDS.sample(rng)
        (stage,) = candidate.architecture.stages
        found.setdefault(stage.block.name, candidate.architecture.expand())
    return [*found.values()]


def test_networks_compute_in_the_bank_what_they_computed_by_themselves(networks):
    """On the images that batch norms are re-estimated on; filters are as long as they were."""
    for network in networks:
        module, bank = some_network(network), Supernet(SPACE_OF_KINDS, 1).bank
        before = {path: tensor.detach().clone() for path, tensor in bank.weights(network).items()}

        start_from(bank, in_files([network]), lambda side: [IMAGES])  # noqa: ARG005 - the only side

        after = bank.weights(network)
        made = loaded(network, after)
        reestimate(made, [IMAGES])
        with torch.no_grad():
            wanted, found = module(IMAGES), made(IMAGES)
        assert (found - wanted).abs().max() < 0.01 * wanted.abs().max()
        first = "0.conv.weight"
        torch.testing.assert_close(*(of[first].flatten(1).norm(dim=1) for of in (after, before)))
        assert not torch.allclose(after[first], before[first])


def test_of_several_networks_the_largest_is_whole_and_the_others_fill_what_it_leaves(networks):
    banks = [Supernet(SPACE_OF_KINDS, 1).bank for _ in range(3)]
    untouched, alone, together = banks
    trained = in_files(networks)
    (largest, own), *others = claimed(together.roles, trained)
    start_from(alone, [largest], lambda side: [IMAGES])  # noqa: ARG005 - the only side

    start_from(together, trained, lambda side: [IMAGES])  # noqa: ARG005 - as above

    assert {share.path for share in own} == {*dict(build(largest.network, 0).named_parameters())}
    for path, tensor in together.weights(largest.network).items():
        assert torch.equal(tensor, alone.weights(largest.network)[path])
    changed = {key for key, tensor in together.tensors.items() if not torch.equal(tensor, untouched.tensors[key])}
    assert changed == {share.key for _, shares in [(largest, own), *others] for share in shares}
    assert len(others) == len(networks) - 1, "each kind has weights of its own"
    count, share = taken_share(SPACE_OF_KINDS, trained)
    assert count == len(networks)
    assert share > taken_share(SPACE_OF_KINDS, [largest])[1] > 0


@pytest.fixture(scope="module")
def trained():
    """A trained network of two classes: its file, its accuracy and its loss on the validation images."""
    images, module = halves(), build(NETWORK, 0)
    recipe = Recipe(epochs=6, batch_size=16, ema_decay=None)
    fitted = fit(module, images, recipe, seed=0, report=silent, resolution=8)
    return file_of(NETWORK, module), fitted.accuracy, fitted.loss


def test_a_trained_network_scores_in_the_bank_as_by_itself_before_any_step(trained):
    file, accuracy, loss = trained
    bank, random = Supernet(SPACE, 3).bank, Supernet(SPACE, 3).bank
    scorer = Scorer(bank, halves(), 0)

    start_from(bank, [trained_network(file)], scorer.norm_batches)

    before, after = Scorer(random, halves(), 0).score(NETWORK), scorer.score(NETWORK)
    assert accuracy > 0.9
    assert after.accuracy == pytest.approx(accuracy, abs=0.04)
    assert after.loss == pytest.approx(loss, rel=0.1)
    assert after.loss < before.loss / 2


def supernet(start="random", networks=b"", epochs=2):
    made = evaluator.make({"name": "supernet", "epochs": epochs, "batch_size": 16, "start": start}, halves(), 0)
    if networks:
        made.start_from(networks)
    return made


def test_a_killed_training_that_started_from_a_network_ends_as_one_that_was_not(trained, tmp_path):
    """Bit for bit, with other weights than one that started at random, whose checkpoint it does not take."""
    content = packed([trained[0]])
    made = supernet(digest_of(content), content)

    def stop(epoch, metrics):  # noqa: ARG001 - as reports are called
        if epoch == 2:
            raise StoppedError

    with pytest.raises(StoppedError):
        made.prepare(SPACE, tmp_path / "killed", stop)
    found = supernet(digest_of(content), content).prepare(SPACE, tmp_path / "killed", silent)

    assert found == supernet(digest_of(content), content).prepare(SPACE, tmp_path / "whole", silent)
    assert found != supernet().prepare(SPACE, tmp_path / "random", silent)


def test_weights_are_known_by_what_they_start_from():
    """Those of random numbers as before there was a choice; those of networks that are not known yet by nothing."""
    one, other = (supernet(digest_of(content)) for content in (b"one", b"other"))
    keys = [each.preparation_key for each in (supernet(), one, other)]

    assert len({*keys}) == 3
    assert len({each.cache_key for each in (supernet(), one, other)}) == 3
    assert evaluator.make({"name": "supernet", "epochs": 2, "batch_size": 16}, halves(), 0).preparation_key == keys[0]
    assert supernet(EARLIER).preparation_key is supernet(EARLIER).cache_key is None
    assert one.note == f"{supernet().note}, whose training began with trained networks"
    assert start_of({"name": "train"}) == "random"


def test_a_training_whose_networks_are_gone_says_what_to_write(tmp_path):
    with pytest.raises(SpecError, match=r"evaluator.start: .* write earlier, with searches in warm_start, or random"):
        supernet(digest_of(b"gone")).prepare(SPACE, tmp_path / "checkpoint", silent)


def test_files_that_do_not_fit_are_left_out_with_the_reason():
    network, another = (SPACE_OF_KINDS.sample(Random(seed)).architecture.expand() for seed in (0, 9))
    colours, few = (SPACE_OF_KINDS.for_images(3, 8, 10), SPACE_OF_KINDS.for_images(1, 8, 4))
    good = file_of(network, build(network, 0))
    damaged = stamped(onnx_model(network, RandomWeights(0)), {"notation": write_network(another)})
    files = [
        ("good", good),
        ("again", good),
        ("colours", file_of(*other(colours))),
        ("classes", file_of(*other(few))),
        ("text", b"no model"),
        ("weights", damaged),
    ]

    found, refused = fitting(SPACE_OF_KINDS, files)

    assert found == [good]
    assert unpacked(packed([good, b"", b"x"])) == [good, b"", b"x"]
    reasons = dict(line.split(": ", 1) for line in refused)
    space = "which is not in the space for 8 px images of 1 channels in 10 classes"
    assert reasons["colours"] == f"it is a network for 8 px images of 3 channels in 10 classes, {space}"
    assert reasons["classes"] == f"it is a network for 8 px images of 1 channels in 4 classes, {space}"
    assert reasons["text"] == "it is no ONNX file that nas exported"
    assert "in 32-bit floats" in reasons["weights"]


def other(space):
    network = space.sample(Random(1)).architecture.expand()
    return network, build(network, 0)
