"""The user's own images: a folder with a sub-folder for each class."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from nas.dataset import MAX_SIDE, Dataset, DatasetSource, Outline, dataset, split
from nas.errors import DataError
from nas.image_set.note import Note
from nas.images.class_folders import ClassFolders, class_folders, names_in
from nas.images.decoded_sets import size_note
from nas.images.formats import Picture
from nas.images.on_damaged import OnDamaged
from nas.images.reading import DAMAGED, FLIP, SIZE, STORED, Looked, Member, by_suffix, look, read_splits, stored_side
from nas.registry import described


@dataset("folder")
class Folder(DatasetSource):
    """path holds class folders, or train/ and optionally val/ and test/ with class folders each.

    If validation or test is absent, it is drawn from train. Images are cut to their central square and resized to
    size x size pixels; or to stored x stored, for random crops, and networks take size x size. Without size, equal
    squares stay as they are, and a search cuts and resizes others to the resolution of its space. They are RGB unless
    all are grey. flip: whether a mirrored image is still one of its class; by default it is, unless the classes are
    named by numbers or single letters. on_damaged: refuse names all images that cannot be read; skip leaves them out,
    and says so.
    """

    summary = "your own images, a sub-folder for each class"
    licence = "yours"

    def __init__(
        self,
        *,
        path: Annotated[
            str,
            described(
                "the folder whose sub-folders are the classes, relative to the spec's file; `uploads/...` on a service",
                "always yours",
            ),
        ],
        size: Annotated[int | None, SIZE] = None,
        stored: Annotated[int | None, STORED] = None,
        flip: Annotated[bool | None, FLIP] = None,
        on_damaged: Annotated[Literal["refuse", "skip"], DAMAGED] = "refuse",
    ) -> None:
        self.path = Path(path).expanduser()
        self.size, self.stored = size, stored
        stored_side(size, stored)
        self.flip = flip
        self.on_damaged = OnDamaged(on_damaged)

    def load(self, seed: int) -> Dataset:
        folders = class_folders(self.path)
        looked = look(folders.members)
        self._check(folders, looked)
        read = read_splits(looked, folders.parts, stored_side(self.size, self.stored), self.on_damaged)
        found = split(
            self._called,
            folders.classes,
            read.splits,
            seed=seed,
            flip=self.flip,
            names=read.names,
            reading=(*folders.notes, *read.notes),
        )
        return replace(found, input_side=self.size if self.stored else None)

    def outline(self) -> Outline:
        folders = class_folders(self.path)
        files = [member.picture.content for member in folders.members]
        homes = {file.parent for file in files if isinstance(file, Path)}
        looked = _looked(folders.members, tuple(sorted((home, home.stat().st_mtime_ns) for home in homes)))
        self._check(folders, looked)
        looked.refuse_damaged(self.on_damaged)
        counts = looked.counts(folders.parts, len(folders.classes))
        sizes = {seen.size for seen in looked.headers}
        side = self.size or next(iter(sizes))[0]
        equal = sizes == {(side, side)} and side <= MAX_SIDE
        shape = (len(looked.members), *(stored_side(side, self.stored) or side,) * 2, looked.channels)
        large = size_note(self._called, shape) if self.size or equal else ()
        return Outline.of(
            self._called,
            folders.classes,
            counts,
            side=side if self.size or equal else None,
            channels=looked.channels,
            notes=(*folders.notes, *looked.notes(), *large),
        )

    def pictures(self) -> dict[str, dict[str, list[Picture]]]:
        """Its pictures by part and class. DataError says what is wrong with the folders, or names damaged pictures."""
        folders = class_folders(self.path)
        looked = look(folders.members)
        looked.refuse_damaged(self.on_damaged)
        found: dict[str, dict[str, list[Picture]]] = {part: {} for part in folders.parts}
        for member in looked.members:
            found[member.part].setdefault(folders.classes[member.label], []).append(member.picture)
        return found

    def left_out(self) -> list[Note]:
        """Notes on what lies in the folder and is not among its pictures."""
        folders = class_folders(self.path)
        looked = look(folders.members)
        return [*folders.notes, *looked.left_out()]

    @property
    def title(self) -> str:
        return names_in(self.path).get(".") or self.path.resolve().name

    @property
    def _called(self) -> str:
        """What messages call it: as a spec does."""
        return f"{self.name}:{self.title}"

    def _check(self, folders: ClassFolders, looked: Looked) -> None:
        """DataError names a class without a training image that can be read."""
        if self.on_damaged is OnDamaged.REFUSE and looked.damaged:
            return  # which names them
        counts = looked.counts(("train",), len(folders.classes))["train"]
        for label, (name, count) in enumerate(zip(folders.classes, counts, strict=True)):
            if not count:
                others = [member.picture for member in looked.others if (member.part, member.label) == ("train", label)]
                only = f", only other files ({by_suffix(others)})" if others else ""
                raise DataError(
                    f"{self.path / name} has no images{only}; add some (.jpg, .png, .webp and so on) or remove this "
                    "class"
                )


@lru_cache(maxsize=8)
def _looked(
    members: tuple[Member, ...],
    changed: tuple[tuple[Path, int], ...],  # noqa: ARG001 - a part of the key: folders, and when they were changed
) -> Looked:
    """look, kept until a file comes or goes: a form asks for it with every change of a spec."""
    return look(members)
