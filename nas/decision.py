"""Decisions as a tree, and its readings: one walk, the number of ways to answer, the ways with their probabilities."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from random import Random
from typing import Any

from nas.errors import SpecError


@dataclass(frozen=True, slots=True)
class Decision:
    """One question: a dotted name, its options, and by option the decisions that are asked only after that answer."""

    name: str
    options: tuple[Any, ...]
    opens: Mapping[Any, Sequence["Decision"]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def is_asked(self) -> bool:
        """Whether there is anything to choose: a decision with one option is answered without asking."""
        return len(self.options) > 1

    def opened_by(self, option: Any) -> Sequence["Decision"]:
        return self.opens.get(option, ())


Choose = Callable[[Decision], int]
"""Answers a decision with the index of an option."""


def answer(decisions: Sequence[Decision], choose: Choose) -> Iterator[tuple[Decision, int]]:
    """The decisions on one way through, each with the index of its answer, in the order asked.

    choose is called for those with several options; what an answer opens comes right after it.
    """
    for decision in decisions:
        index = choose(decision) if decision.is_asked else 0
        yield decision, index
        yield from answer(decision.opened_by(decision.options[index]), choose)


def all_asked(decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    """Every decision that some walk asks: first those of the walk along first options, then what other options open.

    One that several options open is there once.
    """
    found: dict[str, Decision] = {}
    trees = deque([decisions])
    while trees:
        for decision, _ in answer(trees.popleft(), lambda _: 0):
            if decision.is_asked and decision.name not in found:
                found[decision.name] = decision
                trees.extend(decision.opened_by(option) for option in decision.options[1:])
    return tuple(found.values())


def count_ways(decisions: Sequence[Decision]) -> int:
    """Number of ways to answer all decisions, exactly, without enumerating them."""
    return prod(sum(count_ways(d.opened_by(option)) for option in d.options) for d in decisions)


def ways(decisions: Sequence[Decision]) -> Iterator[tuple[dict[str, Any], float]]:
    """Every way to answer all decisions: options by decision name, and the probability if answers are uniform.

    There are count_ways(decisions); the probabilities add up to 1.
    """
    if not decisions:
        yield {}, 1.0
        return
    first, *rest = decisions
    for option in first.options:
        for answers, probability in ways((*first.opened_by(option), *rest)):
            yield {first.name: option, **answers}, probability / len(first.options)


def uniform(rng: Random) -> Choose:
    """Answers that are drawn uniformly, independently of each other."""
    return lambda decision: rng.randrange(len(decision.options))


def look_up(choices: Mapping[str, int]) -> Choose:
    """Answers that are given by the decisions' names; SpecError, when it is asked for, for one that is no option."""

    def choose(decision: Decision) -> int:
        index, count = choices.get(decision.name), len(decision.options)
        if index is None or not 0 <= index < count:
            raise SpecError(f"choices.{decision.name}: {index!r} is not an index into {count} options")
        return index

    return choose
