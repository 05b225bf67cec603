"""Notes on images: what was left out, changed or guessed, with counts, and with names as the user knows them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

SHOWN = 5
"""Names in a note's text."""
KEPT = 100
"""Names in its JSON form."""


@dataclass(frozen=True, slots=True)
class Note:
    """kind: stable, for programs. count: how many files or images it is about; names: of the first KEPT of them.

    said: the sentence without its names; text: with the first SHOWN of them.
    """

    kind: str
    said: str
    count: int
    names: tuple[str, ...]

    @classmethod
    def on(cls, kind: str, said: str, names: Sequence[str], count: int | None = None) -> "Note":
        """count: by default, of the names."""
        return cls(kind, said, len(names) if count is None else count, tuple(names[:KEPT]))

    @property
    def text(self) -> str:
        return f"{self.said}: {listed(self.names, SHOWN, self.count)}" if self.names else self.said

    def row(self) -> dict[str, Any]:
        """The note as JSON values."""
        return {"kind": self.kind, "count": self.count, "text": self.text, "names": list(self.names)}


def listed(names: Sequence[str], shown: int = KEPT, count: int | None = None) -> str:
    """The first names, and how many more there are: `a, b and 3 more`."""
    more = (len(names) if count is None else count) - len(names[:shown])
    return ", ".join(names[:shown]) + (f" and {more:,} more" if more > 0 else "")


def counted(count: int, one: str, many: str | None = None) -> str:
    """`1 picture`, `12 pictures`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def texts(notes: Iterable[Note]) -> list[str]:
    return [note.text for note in notes]
