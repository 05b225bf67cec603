"""Every space that ships with nas loads, samples and counts; a new file is tested by existing."""

import json
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.architecture import Architecture
from nas.spaces import known_spaces, load_space


@pytest.fixture(params=known_spaces())
def space(request):
    return load_space(request.param)


def test_is_named_as_its_file(space):
    assert load_space(space.name) == space


@settings(max_examples=25, deadline=None)
@given(name=st.sampled_from(known_spaces()), seed=st.integers(0, 2**32))
def test_members_decode_and_serialise(name, seed):
    """A sample is valid, its choices lead to it again, and its architecture survives JSON with the same id."""
    space = load_space(name)
    candidate = space.sample(Random(seed))
    architecture = candidate.architecture

    assert architecture.refusal() is None
    assert space.decode(candidate.choices) == candidate
    again = Architecture.from_dict(json.loads(json.dumps(architecture.to_dict())))
    assert again == architecture
    assert again.id == architecture.id


def test_most_members_are_valid(space):
    rng = Random(0)
    valid = sum(
        space.walk(lambda decision: rng.randrange(len(decision.options))).architecture.refusal() is None
        for _ in range(200)
    )

    assert valid > 100


def test_decisions_are_all_that_walks_ask(space):
    known = {decision.name: decision for decision in space.decisions()}
    rng = Random(1)
    asked = {}

    def choose(decision):
        asked[decision.name] = decision
        return rng.randrange(len(decision.options))

    for _ in range(300):
        space.walk(choose)

    assert asked.items() <= known.items()
    assert len(known) - len(asked) < len(known) // 4


def test_takes_images_of_another_size(space):
    candidate = space.for_images(channels=3, side=64, classes=7).sample(Random(0))
    network = candidate.architecture.expand()

    assert network.input.channels == 3
    assert candidate.architecture.classes == 7
