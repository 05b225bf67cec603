"""Pictures of many files as splits: what is no picture or damaged is left out or refused, and all of it is told."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nas.dataset import MAX_SIDE, Split, Splits
from nas.errors import DataError, SpecError
from nas.image_set.note import Note, counted, listed
from nas.images.formats import Change, Header, NoPictureError, Picture, PictureError, header, suffix_of
from nas.images.on_damaged import OnDamaged
from nas.images.pictures import channels_of, common_side, decoded, each
from nas.registry import described

NAMED = 50
"""Damaged pictures that an error names."""

SIZE = described(
    "sides, in pixels, of the squares that images are cut and resized to; left out, equal squares stay as they are, "
    "and others get the resolution of the space",
    "raise it where details matter: 64 to 224 for photos; time grows with its square",
    ge=4,
    le=MAX_SIDE,
)
FLIP = described(
    "whether a mirrored image is still one of its class; left out, it is, unless classes are named by numbers or "
    "letters",
    "false where left and right differ, as in writing or traffic signs",
)
DAMAGED = described(
    "what becomes of images that cannot be read: refuse names them all, skip leaves them out and says so",
    "skip where a few of many are damaged",
)
STORED = described(
    "sides, in pixels, of the squares that are stored of images where they are larger than `size`, which networks then "
    "take: random crops (`crop` of a recipe) are cut from them; left out, as large as `size`",
    "a quarter above size, where a recipe crops",
    ge=5,
    le=MAX_SIDE,
)
"""Of the parameters of sources of pictures."""


def stored_side(size: int | None, stored: int | None) -> int | None:
    """The side of the squares that are stored. SpecError if `stored` is not above `size`."""
    if stored is not None and (size is None or stored <= size):
        fitting = max(4, stored * 4 // 5)
        raise SpecError(f"dataset.stored: {stored} has to be larger than dataset.size; give size: {fitting}")
    return stored or size


@dataclass(frozen=True, slots=True)
class Member:
    """A picture with its split and the number of its class."""

    part: str
    label: int
    picture: Picture


@dataclass(frozen=True, slots=True)
class Looked:
    """What the headers of files say: members that are pictures, each with its header; those that cannot be read; and
    files that are no pictures.
    """

    members: tuple[Member, ...]
    headers: tuple[Header, ...]
    damaged: tuple[PictureError, ...]
    others: tuple[Member, ...]

    @property
    def channels(self) -> int:
        return channels_of(self.headers)

    def counts(self, parts: Sequence[str], classes: int) -> dict[str, list[int]]:
        """Pictures of each class, by split."""
        found = Counter((member.part, member.label) for member in self.members)
        return {part: [found[part, label] for label in range(classes)] for part in parts}

    def refuse_damaged(self, on_damaged: OnDamaged) -> None:
        """DataError names all that cannot be read, unless they are to be left out."""
        refuse_damaged(self.damaged, on_damaged)

    def notes(self) -> list[Note]:
        """What is left out, and what decoding changes."""
        return [*self.left_out(), *self._changed()]

    def left_out(self) -> list[Note]:
        """Notes on files that are no pictures, and on those that cannot be read."""
        return [*left_out([member.picture for member in self.others]), *skipped(self.damaged)]

    def _changed(self) -> list[Note]:
        by_change = {
            change: [
                member.picture.where
                for member, seen in zip(self.members, self.headers, strict=True)
                if change in seen.changes
            ]
            for change in Change
        }
        return [
            Note.on(f"changed_{change.name.lower()}", f"{counted(len(names), 'picture')} {change.value}", names)
            for change, names in by_change.items()
            if names
        ]


def look(members: Sequence[Member]) -> Looked:
    """Read the headers of all of them."""
    found = each([member.picture for member in members], _header)
    good = [(member, seen) for member, seen in zip(members, found, strict=True) if isinstance(seen, Header)]
    return Looked(
        tuple(member for member, _ in good),
        tuple(seen for _, seen in good),
        tuple(seen for seen in found if isinstance(seen, PictureError)),
        tuple(member for member, seen in zip(members, found, strict=True) if seen is None),
    )


def _header(picture: Picture) -> Header | PictureError | None:
    try:
        return header(picture)
    except NoPictureError:
        return None
    except PictureError as error:
        return error


@dataclass(frozen=True, slots=True)
class ReadSplits:
    """splits, the names of their images by part, and notes on what was left out or changed."""

    splits: Splits
    names: Mapping[str, Sequence[str]]
    notes: tuple[Note, ...]


def read_splits(looked: Looked, parts: Sequence[str], side: int | None, on_damaged: OnDamaged) -> ReadSplits:
    """The splits of these parts, decoded. If side is None the pictures must be squares of one size.

    Members of a part are together, in the order of parts. DataError names every picture that cannot be read, unless
    they are to be left out.
    """
    pictures = [member.picture for member in looked.members]
    if not pictures:
        looked.refuse_damaged(OnDamaged.REFUSE)
        raise DataError("there is no picture")
    if side is None:
        looked.refuse_damaged(on_damaged)  # before that sizes differ
        side = common_side(pictures, looked.headers)
    images, faults = decoded(pictures, side, looked.channels)
    damaged = (*looked.damaged, *faults.values())
    refuse_damaged(damaged, on_damaged)
    kept = [place for place in range(len(pictures)) if place not in faults]
    found = Looked(
        tuple(looked.members[place] for place in kept),
        tuple(looked.headers[place] for place in kept),
        damaged,
        looked.others,
    )
    whole = Split(images, np.array([member.label for member in looked.members], np.int64))
    whole = whole[np.array(kept, np.int64)] if faults else whole
    names = [member.picture.where for member in found.members]
    ends = np.cumsum([sum(member.part == part for member in found.members) for part in parts]).tolist()
    of_parts = {part: slice(start, end) for part, start, end in zip(parts, [0, *ends[:-1]], ends, strict=True)}
    return ReadSplits(
        {part: whole[some] for part, some in of_parts.items()},
        {part: names[some] for part, some in of_parts.items()},
        tuple(found.notes()),
    )


def left_out(others: Sequence[Picture], kind: str = "left_out") -> list[Note]:
    """The note on files that are no pictures, if there are any: how many of which suffix, and their names."""
    if not others:
        return []
    said = f"{counted(len(others), 'file')} left out, being no pictures that can be read ({by_suffix(others)})"
    return [Note.on(kind, said, [picture.where for picture in others])]


def by_suffix(files: Iterable[Picture]) -> str:
    """`.txt 12, .mp4 3`: the commonest suffix first."""
    found = Counter(suffix_of(file) or "no suffix" for file in files)
    return ", ".join(f"{suffix} {count:,}" for suffix, count in found.most_common())


def skipped(damaged: Sequence[PictureError]) -> list[Note]:
    if not damaged:
        return []
    said = f"{counted(len(damaged), 'picture')} left out, unreadable"
    return [Note.on("damaged", said, [f"{error.where} {error.why}" for error in damaged])]


def refuse_damaged(faults: Sequence[PictureError], on_damaged: OnDamaged) -> None:
    """DataError names all pictures that cannot be read, unless they are to be left out."""
    if not faults or on_damaged is OnDamaged.SKIP:
        return
    remedy = "or set `on_damaged: skip` to leave them out"
    if len(faults) == 1:
        raise DataError(f"{faults[0]}, {remedy}")
    which = listed([f"{fault.where} {fault.why}" for fault in faults], NAMED)
    remedies = ", ".join(dict.fromkeys(fault.remedy for fault in faults))
    raise DataError(f"{len(faults):,} pictures cannot be read: {which}; {remedies}, {remedy}")
