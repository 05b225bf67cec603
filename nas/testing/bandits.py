"""A space whose rewards are a table with a known optimum, to judge searchers without any training."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise, product
from math import nan
from random import Random

import numpy as np

from nas.asking.codes import NOT_ASKED, Codes, random_codes
from nas.asking.problem import Earlier, Problem
from nas.objective import objective
from nas.space import SearchSpace
from nas.spaces import load_space
from nas.trial import Columns

Table = Mapping[str, tuple[float, ...]]

STAGES = 4


@dataclass(frozen=True, slots=True)
class Bandit:
    """Rewards of the candidates of space: a value for each option chosen plus one for each pair of adjacent blocks.

    Scaled so that the best reward is 1; best holds choices that reach it.
    """

    space: SearchSpace
    values: Table
    pairs: Mapping[tuple[str, str], tuple[tuple[float, ...], ...]]
    best: Mapping[str, int]

    @property
    def problem(self) -> Problem:
        """The highest accuracy in the space, which is the reward, without a limit that any member reaches."""
        return problem_in(self.space)

    def reward(self, choices: Mapping[str, int]) -> float:
        return self._total(choices) / self._total(self.best)

    def _total(self, choices: Mapping[str, int]) -> float:
        alone = sum(self.values[name][option] for name, option in choices.items())
        return alone + sum(table[choices[a]][choices[b]] for (a, b), table in self.pairs.items())


@dataclass(frozen=True, slots=True)
class MadeUp:
    """An oracle of a space: sizes and a latency that grow with the options taken, and here and there a network that the
    device does not run.
    """

    space: SearchSpace
    digest: str = "made up"

    def __call__(self, codes: Codes) -> Columns:
        size = np.where(codes == NOT_ASKED, 0, codes) @ np.arange(1.0, codes.shape[1] + 1)
        size[size % 11 == 0] = np.nan
        return {"latency_ms": 1 + size / 20, "params": 10 * size, "macs": 1000 * size, "size_bytes": 40 * size}


def problem_in(space: SearchSpace) -> Problem:
    """The highest accuracy in a space; its latency is not limited in effect."""
    return Problem(space, objective.make({"name": "constrained", "target_latency_ms": 1e6}))


def bandit_space(seed: int = 0) -> Bandit:
    """Four stages of three block families with conditional parameters; every member is valid. Values are drawn by seed.

    An option is worth up to 1, a pair of adjacent blocks up to 2.
    """
    stage = {
        "blocks": [
            {"conv": {"kernel": [3, 5]}},
            {"separable": {"kernel": [3, 5], "skip": ["none", "identity"]}},
            {"mbconv": {"expansion": [2, 3, 6], "kernel": [3, 5]}},
        ],
        "layers": [1, 2, 3],
        "width": [8, 12, 16, 24],
        "stride": [1, 2],
    }
    stem = {"width": 8, "stride": 1}
    space = load_space({"name": "bandit", "resolution": 32, "stem": stem, "stages": [stage] * STAGES, "classes": 10})
    rng = Random(seed)
    values = {d.name: tuple(rng.random() for _ in d.options) for d in space.decisions()}
    names = [f"stage{number}.block" for number in range(STAGES)]
    kinds = len(space.stages[0].blocks)
    pairs = {
        pair: tuple(tuple(2 * rng.random() for _ in range(kinds)) for _ in range(kinds)) for pair in pairwise(names)
    }
    return Bandit(space, values, pairs, _best(space, values, pairs))


def _best(
    space: SearchSpace, values: Table, pairs: Mapping[tuple[str, str], tuple[tuple[float, ...], ...]]
) -> Mapping[str, int]:
    """The optimum: all combinations of blocks are tried; given those, the other decisions are independent."""
    greedy = {name: max(range(len(options)), key=options.__getitem__) for name, options in values.items()}
    names = [name for name in values if name.endswith(".block")]
    members = []
    for blocks in product(*(range(len(values[name])) for name in names)):
        candidate = space.decode({**greedy, **dict(zip(names, blocks, strict=True))})
        members.append(Bandit(space, values, pairs, candidate.choices))
    return max(members, key=lambda member: member._total(member.best)).best  # noqa: SLF001 - its own module


def earlier(bandit: Bandit, count: int, unknown: float, *, same: bool) -> Earlier:
    """So many results of another search of the space, a share of which is not known."""
    rng = np.random.default_rng(count)
    codes = random_codes(bandit.space, count, rng)
    accuracy = rng.random(count)
    accuracy[: round(unknown * count)] = nan
    return Earlier("same" if same else "related", codes, {"accuracy": accuracy}, same)
