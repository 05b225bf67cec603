from collections import Counter

import pytest
from hypothesis import example, given, settings
from small_spaces import TINY, every_candidate, small_spaces

from latency_db.profiling.kernel_frequencies import kernel_frequencies
from nas.errors import InfeasibleError
from nas.ops.kernels import kernels
from nas.spaces import load_space


def expected_frequencies(space):
    """By enumeration of all networks, and the probability that one is valid."""
    expected, valid = Counter(), 0.0
    for candidate, probability in every_candidate(space):
        if candidate.architecture.refusal() is None:
            valid += probability
            for kernel in kernels(candidate.architecture.expand()):
                expected[kernel] += probability
    return {kernel: probability / valid for kernel, probability in expected.items()}, valid


@settings(max_examples=15, deadline=None)
@given(space=small_spaces)
@example(space=TINY)
def test_kernels_and_frequencies_are_those_of_all_networks(space):
    """The dynamic programme against the slow obvious enumeration, invalid networks included."""
    expected, valid = expected_frequencies(space)
    if not valid:
        with pytest.raises(InfeasibleError, match="none of its networks"):
            kernel_frequencies(space)
        return

    found = kernel_frequencies(space)

    assert set(found) == set(expected)
    assert found == pytest.approx(expected)
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_some_networks_of_the_example_are_invalid():
    assert 0 < expected_frequencies(TINY)[1] < 1


def test_a_space_without_networks_has_no_table():
    stages = [{"blocks": [{"shuffle": {"groups": 2}}], "layers": 1, "width": 4, "stride": 1}]
    space = load_space({"name": "none", "resolution": 8, "stem": {"width": 8}, "stages": stages})

    with pytest.raises(InfeasibleError, match="none of its networks"):
        kernel_frequencies(space)
