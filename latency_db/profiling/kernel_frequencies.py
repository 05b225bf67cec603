"""The kernels of the networks of a space, and how frequent they are."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from nas.architecture import check_window
from nas.decision import ways
from nas.errors import InfeasibleError, InvalidArchitectureError
from nas.ops import Seq, Shape
from nas.ops.cost import cost_of, placed
from nas.ops.kernels import Kernel
from nas.space import SearchSpace


def kernel_frequencies(space: SearchSpace) -> dict[Kernel, float]:
    """Expected number of uses of each kernel in a valid network with uniformly drawn decisions, descending.

    Exact, by dynamic programming over the stages: the probability of reaching a stage with an input shape, times that
    of the answers for the stage, times that of valid later stages. InfeasibleError if the space has no valid network.
    """
    frequencies: dict[Kernel, float] = defaultdict(float)
    valid = 0.0
    for answers, probability in ways(space.shared_tree()):
        valid += _Body(space, answers, probability).add_to(frequencies)
    if not valid:
        raise InfeasibleError(
            f"space {space.name!r}: none of its networks can be built. Widen the options of its stages."
        )
    ordered = sorted(frequencies.items(), key=lambda item: (-item[1], item[0].key))
    return {kernel: frequency / valid for kernel, frequency in ordered}


@dataclass(frozen=True, slots=True)
class _Step:
    """One way through a stage: its probability, its kernels and its output shape."""

    probability: float
    kernels: tuple[Kernel, ...]
    end: Shape


class _Body:
    """The networks of a space that share these answers, which are given with this probability."""

    def __init__(self, space: SearchSpace, shared: Mapping[str, Any], probability: float) -> None:
        self._space, self._shared, self._probability = space, shared, probability
        self._frame = space.frame(shared)
        self._steps = cache(lambda number, x: tuple(self._buildable(number, x)))
        self._valid = cache(self._validity)

    def add_to(self, frequencies: dict[Kernel, float]) -> float:
        """Add the expected uses of each kernel in valid networks; returns the probability that a network is valid."""
        if self._frame.refusal():
            return 0.0
        network = self._frame.expand()
        stem, *tail = network.op.ops
        x, _ = cost_of(stem, network.input)
        whole = self._probability * self._valid(0, x)
        if whole:
            frequencies[Kernel(stem, network.input)] += whole
        reached = {x: self._probability}
        for number in range(len(self._space.stages)):
            reached = self._pass(number, reached, frequencies)
        for shape, probability in reached.items():
            for op, x in placed(tail, shape):
                frequencies[Kernel(op, x)] += probability
        return whole

    def _pass(self, number: int, reached: dict[Shape, float], frequencies: dict[Kernel, float]) -> dict[Shape, float]:
        """Probabilities of a stage's output shapes, from those of its input shapes; adds the uses of its kernels."""
        after: dict[Shape, float] = defaultdict(float)
        for x, probability in reached.items():
            for step in self._steps(number, x):
                rest = self._valid(number + 1, step.end)
                if not rest:
                    continue
                after[step.end] += probability * step.probability
                for kernel in step.kernels:
                    frequencies[kernel] += probability * step.probability * rest
        return after

    def _validity(self, number: int, x: Shape) -> float:
        """Probability that the stages from number on can be built on x."""
        if number == len(self._space.stages):
            return float(self._ends_on(x))
        return sum(step.probability * self._valid(number + 1, step.end) for step in self._steps(number, x))

    def _ends_on(self, x: Shape) -> bool:
        """Whether what follows the stages can be built on x."""
        try:
            cost_of(Seq(self._frame.expand().op.ops[1:]), x)
        except InvalidArchitectureError:
            return False
        return True

    def _buildable(self, number: int, x: Shape) -> Iterator[_Step]:
        space = self._space.stages[number]
        for answers, probability in ways(space.tree()):
            kernels, end = [], x
            try:
                stage = space.member(answers, self._shared["width_multiplier"])
                check_window(stage.block.window, self._frame.resolution)
                for op, y in stage.expand(x):
                    kernels.append(Kernel(op, end))
                    end = y
            except InvalidArchitectureError:
                continue
            yield _Step(probability, tuple(kernels), end)
