"""The networks that each step of a training of shared weights is of: they follow from space, seed and step."""

from collections.abc import Callable
from functools import lru_cache
from math import log
from random import Random

from nas.decision import Choose, Decision, uniform
from nas.errors import InfeasibleError
from nas.ops import Network
from nas.ops.cost import network_cost
from nas.space import Candidate, SearchSpace
from nas.supernet import Sampling

TRIES = 100
"""Walks for a network with given kinds of blocks, after which the kinds are drawn too."""


class Sampler:
    """Draws by the rules of a Sampling, each independent of what was drawn before it."""

    def __init__(self, space: SearchSpace, sampling: Sampling, seed: int) -> None:
        self._space, self._sampling, self._seed = space, sampling, seed
        self._kinds = {
            f"stage{number}.block": len(stage.blocks)
            for number, stage in enumerate(space.stages)
            if len(stage.blocks) > 1
        }
        self.largest = _network(extreme(space, max, seed))
        self.smallest = _network(extreme(space, min, seed))
        self._permutation = lru_cache(maxsize=256)(self._permuted)

    def draw(self, step: int, progress: float) -> tuple[Network, ...]:
        """The networks of a step, the first of which the others learn from.

        Steps count from 0. progress: the share of the training that is done before the step.
        """
        rng = Random(f"{self._seed} {step}")
        if progress < self._sampling.largest_first:
            return (self.largest,)
        if self._sampling.sampling == "sandwich":
            others = (_network(self._space.sample(rng)) for _ in range(2))
            return (self.largest, *others, self.smallest)
        if self._sampling.sampling == "uniform" or not self._kinds:
            return (_network(self._space.sample(rng)),)
        return (_network(self._with_kinds(step, rng)),)

    def size(self, network: Network) -> float:
        """The place of a network between the smallest (0) and the largest (1), by the logarithm of multiply-adds."""
        least, most, own = (log(network_cost(each).macs) for each in (self.smallest, self.largest, network))
        return min(1.0, max(0.0, (own - least) / (most - least))) if most > least else 1.0

    def _with_kinds(self, step: int, rng: Random) -> Candidate:
        """A network whose kind of block in each stage is the one whose turn it is.

        Kinds that no network of the space has together give way to drawn ones.
        """
        turn: dict[str, int] = {}
        for stage, kinds in self._kinds.items():
            cycle, place = divmod(step, kinds)
            turn[stage] = self._permutation(stage, kinds, cycle)[place]
        try:
            return self._space.valid(_answering(turn, uniform(rng)), TRIES)
        except InfeasibleError:
            return self._space.sample(rng)

    def _permuted(self, stage: str, kinds: int, cycle: int) -> list[int]:
        return Random(f"{self._seed} {stage} {cycle}").sample(range(kinds), kinds)


def extreme(space: SearchSpace, best: Callable[..., int], seed: int) -> Candidate:
    """A network with the most (max) or the fewest (min) multiply-adds of all that differ from it in one decision.

    It is climbed to from a random network, decision by decision.
    """
    found = space.sample(Random(seed))
    macs = _macs(found)
    changed = True
    while changed:
        changed = False
        for decision in space.decisions():
            for option in range(len(decision.options)):
                other = space.walk(_answering({**found.choices, decision.name: option}, lambda _: 0))
                other_macs = _macs(other) if other.architecture.refusal() is None else macs
                if other_macs != macs and best(macs, other_macs) == other_macs:
                    found, macs, changed = other, other_macs, True
    return found


def _answering(choices: dict[str, int], otherwise: Choose) -> Choose:
    def choose(decision: Decision) -> int:
        known = choices.get(decision.name)
        return otherwise(decision) if known is None else known

    return choose


def _network(candidate: Candidate) -> Network:
    return candidate.architecture.expand()


def _macs(candidate: Candidate) -> int:
    return network_cost(_network(candidate)).macs
