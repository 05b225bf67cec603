"""Reproductions: what a paper reports, done again with nas."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from nas.plugins import Plugins


@dataclass(frozen=True, slots=True)
class Setting:
    """How a reproduction is run: once for each seed, on a device (cpu or cuda).

    folder: keeps what is done, so that a later call with equal arguments goes on. progress: called with a line of text.
    """

    seeds: Sequence[int]
    device: str
    folder: Path
    progress: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Finding:
    """A number of the paper beside ours.

    quantity: what it is, with its unit. paper: None where the paper has no such number. ours: one number for each seed,
    or a single one that depends on no seed. goal: the condition that their mean is to meet, in words, and is_met
    whether it does; empty and None if there is none. digits: behind the point when shown.
    """

    quantity: str
    paper: float | None
    ours: Sequence[float]
    goal: str = ""
    is_met: bool | None = None
    digits: int = 2

    @property
    def mean(self) -> float:
        return sum(self.ours) / len(self.ours)


@dataclass(frozen=True, slots=True)
class Table:
    """Further numbers, as cells of text."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Reproduction:
    """What was found. remarks: sentences on what differs from the paper, such as other data."""

    findings: Sequence[Finding]
    tables: Sequence[Table] = ()
    remarks: Sequence[str] = ()


class Paper(ABC):
    """One reproduction."""

    name: ClassVar[str]
    source: ClassVar[str]
    """The paper with the part that is reproduced, such as "arXiv:1510.00149, tables 1 to 5"."""
    duration: ClassVar[str]
    """How long one seed takes, and on what: what a user decides by."""
    data: ClassVar[Sequence[str]] = ()
    """Data sets that it needs."""

    @abstractmethod
    def reproduce(self, setting: Setting) -> Reproduction:
        """Run it. DataError if a data set is not there."""


paper: Plugins[Paper] = Plugins("reproduction", "nas.papers")
"""The reproductions that ship with nas; a new one is one new module in nas.papers."""
