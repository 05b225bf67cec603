"""Spaces in which a searcher has to behave: of one member, of a few, with hardly any that can be built, or none."""

from nas.space import SearchSpace
from nas.spaces import load_space


def only_member() -> SearchSpace:
    stage = {"blocks": [{"conv": {"kernel": 3}}], "layers": 1, "width": 8}
    return load_space({"name": "one", "resolution": 8, "stem": {"width": 8}, "stages": [stage], "classes": 2})


def few_members() -> SearchSpace:
    """Eight ways, six of which can be built: shuffle units with a stride must widen."""
    blocks = [{"conv": {"kernel": [3, 5]}}, {"shuffle": {"groups": [1, 2]}}]
    stage = {"blocks": blocks, "layers": 1, "width": [8, 16], "stride": 2}
    return load_space({"name": "few", "resolution": 16, "stem": {"width": 8}, "stages": [stage], "classes": 2})


def nothing_valid() -> SearchSpace:
    stage = {"blocks": [{"shuffle": {"groups": [1, 2]}}], "layers": 1, "width": 16, "stride": 2}
    return load_space({"name": "none", "resolution": 32, "stem": {"width": 16}, "stages": [stage], "classes": 2})


def mostly_invalid() -> SearchSpace:
    """Shuffle units with a stride must widen: few sequences of widths do."""
    stage = {"blocks": [{"shuffle": {"groups": [1, 2]}}], "layers": [1, 2], "width": [16, 24, 32, 48], "stride": 2}
    stem = {"width": 8, "stride": 1}
    return load_space({"name": "narrow", "resolution": 32, "stem": stem, "stages": [stage] * 3, "classes": 2})
