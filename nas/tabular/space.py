"""The space of a problem file: its decisions as a tree, and networks as rows of option indices."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.asking.codes import Codes
from nas.decision import Decision
from nas.errors import SpecError
from nas.space import Space
from nas.tabular.file import DecisionEntry

Rows = NDArray[np.int64]
"""[n, decisions]: option indices in the order of the file, 0 where a decision does not matter."""


@dataclass(frozen=True, slots=True)
class Row:
    """A network of a problem file: the option index of each decision in the order of the file, 0 where it does not
    matter.
    """

    options: tuple[int, ...]

    @property
    def id(self) -> str:
        """Content id: sha256 of the indices, 16 hexadecimal digits."""
        return hashlib.sha256(",".join(map(str, self.options)).encode()).hexdigest()[:16]

    @property
    def network_id(self) -> str:
        return self.id

    def refusal(self) -> None:
        """Every network of a problem file exists."""

    def describe(self) -> dict[str, Any]:
        return {"architecture_id": self.id, "options": list(self.options)}


@dataclass(frozen=True)
class TabularSpace(Space[Row]):
    """The networks of a problem file. A decision with `active_if` is asked only where it matters."""

    name: str
    entries: tuple[DecisionEntry, ...]

    @cached_property
    def tree(self) -> tuple[Decision, ...]:
        """SpecError if a condition names no decision, or itself in a circle, or if two options are equal."""
        known = {entry.name for entry in self.entries}
        opened: dict[str, list[DecisionEntry]] = {name: [] for name in known}
        roots = []
        for entry in self.entries:
            if _always_active(entry):
                roots.append(entry)
            elif entry.active_if and entry.active_if.decision in known:
                opened[entry.active_if.decision].append(entry)
            else:
                raise SpecError(f"decisions.{entry.name}.active_if.decision: no decision has this name")
        reached: set[str] = set()

        def build(entry: DecisionEntry) -> Decision:
            reached.add(entry.name)
            options = _options(entry)
            below = [(each.active_if.min_option, build(each)) for each in opened[entry.name] if each.active_if]
            opens = {option: tuple(d for least, d in below if least <= i) for i, option in enumerate(options)}
            return Decision(entry.name, options, opens if below else {})

        tree = tuple(build(entry) for entry in roots)
        if reached < known:
            raise SpecError(f"decisions.{min(known - reached)}.active_if: it depends on itself")
        return tree

    def member(self, answers: Mapping[str, Any]) -> Row:
        return Row(tuple(self._indices[e.name][answers[e.name]] if e.name in answers else 0 for e in self.entries))

    @cached_property
    def _indices(self) -> dict[str, dict[Any, int]]:
        return {entry.name: {option: i for i, option in enumerate(_options(entry))} for entry in self.entries}

    @cached_property
    def _columns(self) -> list[int]:
        """The place in the file of each of decisions()."""
        places = {entry.name: i for i, entry in enumerate(self.entries)}
        return [places[decision.name] for decision in self.decisions()]

    def rows(self, codes: Codes) -> Rows:
        """[n, decisions of the file] of [n, decisions()]."""
        rows = np.zeros((len(codes), len(self.entries)), np.int64)
        rows[:, self._columns] = np.maximum(codes, 0)
        return np.where(self.active(rows), rows, 0)

    def active(self, rows: Rows) -> NDArray[np.bool_]:
        """[n, decisions of the file]: where a decision matters."""
        active = np.ones(rows.shape, bool)
        places = {entry.name: i for i, entry in enumerate(self.entries)}
        for i, entry in enumerate(self.entries):
            if entry.active_if:
                active[:, i] = rows[:, places[entry.active_if.decision]] >= entry.active_if.min_option
        return active


def _always_active(entry: DecisionEntry) -> bool:
    return entry.active_if is None or entry.active_if.min_option == 0


def _options(entry: DecisionEntry) -> tuple[Any, ...]:
    """The options as values that can be told apart. SpecError if two are equal."""
    options = tuple(json.dumps(each) if isinstance(each, list | dict) else each for each in entry.options)
    if len(set(options)) < len(options):
        raise SpecError(f"decisions.{entry.name}.options: two are equal")
    return options
