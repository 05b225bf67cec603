"""Sizes, descriptions and decisions as readings of the tree, against the slow obvious enumeration of all walks."""

import json
from collections import defaultdict
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_spaces import every_candidate, small_spaces

from nas.decision import Decision, all_asked, answer, count_ways, ways
from nas.spaces import load_space

ONE_OR_MORE = st.integers(1, 3)


def trees(names, depth):
    """One to three decisions, whose options may open such trees; names makes the names unique."""

    @st.composite
    def grown(draw):
        found = []
        for _ in range(draw(ONE_OR_MORE)):
            options = tuple(range(draw(ONE_OR_MORE)))
            opening = draw(st.sets(st.sampled_from(options))) if depth else set()
            opens = {option: draw(trees(names, depth - 1)) for option in sorted(opening)}
            found.append(Decision(f"d{next(names)}", options, opens))
        return tuple(found)

    return grown()


random_trees = st.builds(iter, st.just(range(10**6))).flatmap(lambda names: trees(names, 2))


def walks(tree):
    """All ways through, found by answering first what was last left open: options by name, and the probability."""
    open_ends = [{}]
    while open_ends:
        given_answers = open_ends.pop()
        unanswered, answers, probability = [], {}, 1.0

        def choose(decision, given_answers=given_answers, unanswered=unanswered):
            if decision.name not in given_answers:
                unanswered.append(decision)
            return given_answers.get(decision.name, 0)

        for decision, index in answer(tree, choose):
            answers[decision.name] = decision.options[index]
            probability /= len(decision.options)
        if unanswered:
            first = unanswered[0]
            open_ends += [{**given_answers, first.name: index} for index in range(len(first.options))]
        else:
            yield answers, probability


def listed(found):
    return sorted((sorted(answers.items()), probability) for answers, probability in found)


@settings(max_examples=60, deadline=None)
@given(tree=random_trees.filter(lambda tree: count_ways(tree) <= 3000))
def test_ways_are_all_walks_with_their_probabilities(tree):
    expected = list(walks(tree))

    assert count_ways(tree) == len(expected)
    assert [answers for answers, _ in listed(ways(tree))] == [answers for answers, _ in listed(expected)]
    assert [p for _, p in listed(ways(tree))] == pytest.approx([p for _, p in listed(expected)])
    assert sum(probability for _, probability in ways(tree)) == pytest.approx(1)


@settings(max_examples=60, deadline=None)
@given(tree=random_trees.filter(lambda tree: count_ways(tree) <= 3000))
def test_all_asked_is_what_walks_ask(tree):
    answered = defaultdict(set)
    for answers, _ in walks(tree):
        for name, option in answers.items():
            answered[name].add(option)
    asked = {decision.name: set(decision.options) for decision in all_asked(tree)}

    assert len(asked) == len(all_asked(tree))
    assert asked == {name: options for name, options in answered.items() if len(options) > 1}


@settings(max_examples=25, deadline=None)
@given(space=small_spaces)
def test_sizes_are_the_numbers_of_walks_and_multiply_up(space):
    walked = [candidate for candidate, _ in every_candidate(space)]
    described = space.describe()

    assert len({tuple(c.choices.items()) for c in walked}) == len(walked) == space.size() == described["size"]
    stages = described["stages"]
    shared = len(described["resolution"]) * len(described["width_multiplier"])
    assert described["size"] == shared * prod(stage["size"] for stage in stages)
    for stage in stages:
        blocks = sum(block["size"] for block in stage["blocks"])
        assert stage["size"] == blocks * len(stage["layers"]) * len(stage["width"]) * len(stage["stride"])
    for stage in stages:
        assert all(block["size"] == prod(map(len, block["parameters"].values())) for block in stage["blocks"])


@settings(max_examples=25, deadline=None)
@given(space=small_spaces)
def test_decisions_are_those_that_walks_ask_and_the_description_is_a_file(space):
    asked = {name for candidate, _ in every_candidate(space) for name in candidate.choices}
    described = json.loads(json.dumps(space.describe()))
    del described["size"]
    for stage in described["stages"]:
        del stage["size"]
        stage["blocks"] = [{block["block"]: block["parameters"]} for block in stage["blocks"]]

    assert {decision.name for decision in space.decisions()} == asked
    assert load_space(described) == space


def test_a_size_that_nobody_could_enumerate():
    stage = {"blocks": ["conv"], "layers": list(range(1, 65)), "width": list(range(1, 257)), "stride": [1, 2]}
    space = load_space({"name": "vast", "resolution": 8, "stem": {"width": 8}, "stages": [stage] * 32})

    assert space.size() == (2 * 64 * 256 * 2) ** 32
