"""The networks of a space as parts that many of them share: the stem, each stage as decided, and what follows them.

What a stage is, its kernels and its cost, follows from the decisions on it, the width multiplier, and the shape of what
flows into it. So a hundred thousand networks are a few thousand parts, each of which is expanded once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nas.architecture import Architecture, check_window
from nas.asking.codes import Codes, choices_of
from nas.decision import Decision, all_asked, answer, look_up
from nas.errors import InvalidArchitectureError, SpecError
from nas.ops import Op, Shape
from nas.ops.cost import Cost, cost_of, placed, sequence_cost
from nas.ops.kernels import Kernel, kernels_of
from nas.space import SearchSpace

Indices = NDArray[np.int64]

BITS = 31
"""Contexts, and the answers to some decisions, are packed in so many bits: two of them are one key."""

NOWHERE, START = 0, 1
"""Numbers of the context after a part that cannot be built, and of that of the first part."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of networks: its kernels in the order of execution, and its cost."""

    kernels: tuple[Kernel, ...]
    cost: Cost

    @classmethod
    def of(cls, members: Sequence[tuple[Op, Shape, Cost]]) -> "Part":
        """The part with these members of the outermost sequence, each with the shape of its input and its cost."""
        placed = ((op, x) for op, x, _ in members)
        return cls(tuple(kernels_of(placed)), sequence_cost(cost for _, _, cost in members))


class Context(NamedTuple):
    """What a part sees of the parts before it: the width multiplier, the architecture without stages, and its input."""

    multiplier: float
    frame: Architecture
    x: Shape


Expand = Callable[[Context, Mapping[str, Any]], tuple[Part, Context]]
"""A part in its context by the answers to its decisions, and the context after it; InvalidArchitectureError if it
cannot be built.
"""


class SpaceParts:
    """The parts of a space's networks, numbered in the order in which they are first seen."""

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self._sections = list(_sections(space))
        blank = Context(1.0, Architecture(0, space.channels, space.stem, (), 0, space.classes), Shape(0, 0, 0))
        self._contexts = [blank, blank]
        self._context_numbers: dict[Context, int] = {}
        self._after = np.zeros(0, np.int64)
        self._options = np.array([len(decision.options) for decision in space.decisions()])

    def __len__(self) -> int:
        return len(self._after)

    def read(self, codes: Codes) -> tuple[Indices, list[Part | None]]:
        """The parts of candidates by number, [n, parts], and those that are new, by which the numbers go on.

        None stands for a part that cannot be built, and for all that would follow one. SpecError for codes that are not
        a way through the space.
        """
        if (codes >= self._options).any():
            raise SpecError(f"codes that are no options of the space {self._space.name!r}")
        new: list[Part | None] = []
        numbers = np.empty((len(codes), len(self._sections)), np.int64)
        context = np.full(len(codes), START)
        for column, section in enumerate(self._sections):
            keys = section.keys(codes, context)
            found = section.seen.find(keys)
            if (unseen := found < 0).any():
                distinct, first = np.unique(keys[unseen], return_index=True)
                rows = np.flatnonzero(unseen)[first]
                section.seen.add(distinct, len(self) + np.arange(len(rows)))
                new += self._expand(section, codes[rows], context[rows])
                found = section.seen.find(keys)
            numbers[:, column], context = found, self._after[found]
        return numbers, new

    def _expand(self, section: "_Section", codes: Codes, contexts: Indices) -> list[Part | None]:
        """The parts of a section that these rows have in these contexts; they get the next numbers."""
        parts: list[Part | None] = []
        after = []
        for row, number in zip(codes, contexts.tolist(), strict=True):
            part, then = None, NOWHERE
            if number != NOWHERE:
                asked = answer(section.tree, look_up(choices_of(self._space, row)))
                answers = {decision.name: decision.options[index] for decision, index in asked}
                try:
                    part, context = section.expand(self._contexts[number], answers)
                    then = self._number(context)
                except InvalidArchitectureError:
                    pass
            parts.append(part)
            after.append(then)
        self._after = np.concatenate([self._after, np.array(after, np.int64)])
        return parts

    def _number(self, context: Context) -> int:
        number = self._context_numbers.setdefault(context, len(self._contexts))
        if number == len(self._contexts):
            self._contexts.append(context)
        return number


class _Numbers:
    """Numbers of keys, which are found for many at once."""

    def __init__(self) -> None:
        self._keys = self._numbers = np.zeros(0, np.int64)

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, keys: Indices) -> Indices:
        """The numbers of these keys, [n]; -1 for those that have none."""
        if not len(self):
            return np.full(len(keys), -1)
        place = np.minimum(np.searchsorted(self._keys, keys), len(self) - 1)
        return np.where(self._keys[place] == keys, self._numbers[place], -1)

    def add(self, keys: Indices, numbers: Indices) -> None:
        """Give keys that have none these numbers."""
        together = np.concatenate([self._keys, keys])
        order = np.argsort(together)
        self._keys, self._numbers = together[order], np.concatenate([self._numbers, numbers])[order]

    def find_or_add(self, keys: Indices) -> Indices:
        """The numbers of these keys, [n], which new ones are given."""
        found = self.find(keys)
        if (found < 0).any():
            new = np.unique(keys[found < 0])
            self.add(new, len(self) + np.arange(len(new)))
            found = self.find(keys)
        return found


class _Section:
    """One place in the networks of a space, with the decisions on the part that stands there.

    seen: the parts that stood there, by key.
    """

    def __init__(self, columns: Mapping[str, int], tree: Sequence[Decision], expand: Expand) -> None:
        """columns: of all decisions of the space in its codes, by name."""
        self.tree, self.expand, self.seen = tree, expand, _Numbers()
        self._groups = list(_packed(columns, all_asked(tree)))
        self._partial = [_Numbers() for _ in self._groups[1:]]

    def keys(self, codes: Codes, context: Indices) -> Indices:
        """One number for the context of a row and its answers to the section's decisions, [n]."""
        keys = context
        for group, (columns, factors) in enumerate(self._groups):
            if group:
                keys = self._partial[group - 1].find_or_add(keys)
            keys = (keys << BITS) + (codes[:, columns].astype(np.int64) + 1) @ factors
        return keys


def _packed(columns: Mapping[str, int], asked: Sequence[Decision]) -> Iterator[tuple[list[int], Indices]]:
    """Columns of codes with factors, in groups: in each, the sum of factor * (code + 1) has at most BITS bits and
    determines the codes.
    """
    group, factors, size = list[int](), list[int](), 1
    for decision in asked:
        values = len(decision.options) + 1
        if size * values > 1 << BITS:
            yield group, np.array(factors, np.int64)
            group, factors, size = [], [], 1
        group.append(columns[decision.name])
        factors.append(size)
        size *= values
    yield group, np.array(factors, np.int64)


def _sections(space: SearchSpace) -> Iterator[_Section]:
    """The stem, each stage, and what follows them."""
    columns = {decision.name: column for column, decision in enumerate(space.decisions())}

    def first(_: Context, answers: Mapping[str, Any]) -> tuple[Part, Context]:
        frame = space.frame(answers)
        x, cost = cost_of(frame.first_op, frame.input)
        return Part.of([(frame.first_op, frame.input, cost)]), Context(answers["width_multiplier"], frame, x)

    def last(context: Context, _: Mapping[str, Any]) -> tuple[Part, Context]:
        members = placed(context.frame.last_ops, context.x)
        return Part.of([(op, x, cost_of(op, x)[1]) for op, x in members]), context

    yield _Section(columns, space.shared_tree(), first)
    for number in range(len(space.stages)):
        yield _Section(columns, space.stages[number].tree(f"stage{number}."), _stage(space, number))
    yield _Section(columns, (), last)


def _stage(space: SearchSpace, number: int) -> Expand:
    """The expansion of one stage; one without layers is an empty part."""

    def expand(context: Context, answers: Mapping[str, Any]) -> tuple[Part, Context]:
        stage = space.stages[number].member(answers, context.multiplier, f"stage{number}.")
        members, x = [], context.x
        if stage.layers:
            check_window(stage.block.window, context.frame.resolution)
        for op, y, cost in stage.layers_of(x):
            members.append((op, x, cost))
            x = y
        return Part.of(members), context._replace(x=x)

    return expand
