"""The kernels that the networks of a space can ask for, and how often."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import product

from nas.block import Block
from nas.errors import InfeasibleError, InvalidArchitectureError
from nas.ops import Op, Shape
from nas.ops.cost import cost_of
from nas.ops.kernels import Kernel
from nas.space import Architecture, SearchSpace, StageSpace, scaled_width


def kernel_frequencies(space: SearchSpace) -> dict[Kernel, float]:
    """How often a network drawn uniformly from the space's decisions, and valid, asks for each kernel; descending.

    Exact, by dynamic programming over the stages: the probability of reaching a stage with an input shape, times that
    of the step, times that of a valid rest. InfeasibleError if the space has no valid network.
    """
    frequencies: dict[Kernel, float] = defaultdict(float)
    valid = 0.0
    for resolution, multiplier in product(space.resolutions, space.multipliers):
        body = _Body(space, resolution, multiplier)
        valid += body.add_to(frequencies)
    if not valid:
        raise InfeasibleError(
            f"space {space.name!r}: none of its networks can be built. Widen the options of its stages."
        )
    ordered = sorted(frequencies.items(), key=lambda item: (-item[1], item[0].key))
    return {kernel: frequency / valid for kernel, frequency in ordered}


@dataclass(frozen=True, slots=True)
class _Step:
    """One way through a stage: with this probability these kernels, and this shape at the end."""

    probability: float
    kernels: tuple[Kernel, ...]
    end: Shape


class _Body:
    """The networks of a space at one resolution and one width multiplier."""

    def __init__(self, space: SearchSpace, resolution: int, multiplier: float) -> None:
        self._space, self._multiplier = space, multiplier
        stem = replace(space.stem, width=scaled_width(space.stem.width, multiplier))
        head = scaled_width(space.head, multiplier)
        bare = Architecture(resolution, space.channels, stem, (), head, space.classes)
        self._image = Shape(space.channels, resolution, resolution)
        self._bare = bare
        self._steps = cache(self._find_steps)
        self._valid = cache(self._validity)

    def add_to(self, frequencies: dict[Kernel, float]) -> float:
        """Add the expected number of uses of each kernel, invalid networks counting as none; returns the valid share.

        Every resolution and multiplier counts alike.
        """
        if self._bare.refusal():
            return 0.0
        stem, *tail = self._bare.expand().op.ops
        x, _ = cost_of(stem, self._image)
        whole = self._valid(0, x)
        if whole:
            frequencies[Kernel(stem, self._image)] += whole
        reached = {x: 1.0}
        for number in range(len(self._space.stages)):
            reached = self._pass(number, reached, frequencies)
        for shape, probability in reached.items():
            for kernel in _tail_kernels(tail, shape):
                frequencies[kernel] += probability
        return whole

    def _pass(self, number: int, reached: dict[Shape, float], frequencies: dict[Kernel, float]) -> dict[Shape, float]:
        """From the probabilities of the input shapes of a stage to those of its output shapes."""
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
            return 1.0
        return sum(step.probability * self._valid(number + 1, step.end) for step in self._steps(number, x))

    def _find_steps(self, number: int, x: Shape) -> tuple[_Step, ...]:
        stage = self._space.stages[number]
        return tuple(step for spoken in _answers(stage) for step in self._layered(stage, spoken, x))

    def _layered(self, stage: StageSpace, answers: "_Answers", x: Shape) -> Iterator[_Step]:
        """One step for each number of layers; the first layer takes the width and the stride."""
        probability = answers.probability / len(stage.layers)
        width = scaled_width(answers.width, self._multiplier)
        chain: list[Kernel] = []
        for layers in range(max(stage.layers) + 1):
            if layers:
                kernel = _expand(answers.block, x, width, answers.stride if layers == 1 else 1)
                if kernel is None:
                    return
                chain.append(kernel)
                x, _ = cost_of(kernel.op, kernel.x)
            if layers in stage.layers:
                yield _Step(probability, tuple(chain), x)


@dataclass(frozen=True, slots=True)
class _Answers:
    """The decisions on a stage, but for its layers."""

    probability: float
    block: Block
    width: int
    stride: int


def _answers(stage: StageSpace) -> Iterator[_Answers]:
    for space in stage.blocks:
        share = 1 / (len(stage.blocks) * space.size() * len(stage.widths) * len(stage.strides))
        for values in product(*space.parameters.values()):
            block = space.block(**dict(zip(space.parameters, values, strict=True)))
            for width, stride in product(stage.widths, stage.strides):
                yield _Answers(share, block, width, stride)


def _expand(block: Block, x: Shape, width: int, stride: int) -> Kernel | None:
    """The kernel of one layer, or None if it cannot be built."""
    try:
        op = block.expand(x.channels, width, stride)
        cost_of(op, x)
    except InvalidArchitectureError:
        return None
    return Kernel(op, x)


def _tail_kernels(tail: list[Op], x: Shape) -> Iterator[Kernel]:
    for op in tail:
        yield Kernel(op, x)
        x, _ = cost_of(op, x)
