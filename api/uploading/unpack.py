"""Unpacks an untrusted archive of class folders into a data set's folder, in a process of its own, within limits.

    python -m api.uploading.unpack ARCHIVE FOLDER

prints one JSON object: what was found, or {"error": why the archive is refused}. Members are written under numbers, so
names in an archive are used for class folders only.
"""

import errno
import json
import lzma
import os
import resource
import stat
import struct
import sys
import tarfile
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from api.uploading.content import content_digest
from api.uploading.probing import MAX_PIXELS, sides_of, try_to_decode
from api.uploading.uploads import FACTS
from nas.datasets.folder import NAMES, PARTS
from nas.errors import DataError
from nas.images.archives import DAMAGE
from nas.images.pictures import SUFFIXES, Picture
from nas.machine.cgroup import memory_bytes
from nas.machine.limits import limit_process

MIN_CPU_S = 60
MAX_CPU_S = 600
"""CPU time grows from one to the other by a second for each MiB of the archive."""
MEMORY_BYTES = 2 << 30
MIN_MEMORY_BYTES = 512 << 20
"""Enough to decode one picture of MAX_PIXELS."""
NICENESS = 10
"""Requests that somebody waits for go first."""
MAX_ENTRIES = 200_000
MAX_BYTES = 8 << 30
MAX_RATIO = 100
SMALL_BYTES = 64 << 20
"""Unpacked bytes below which the ratio does not matter."""
MAX_ALL_PIXELS = 40_000_000_000
MAX_PIXEL_RATIO = 500
"""Pixels of all images for each byte of the archive: a photo has less than 30, a drawing in few colours a hundred."""
MAX_FOLDERS = 16
MAX_CLASS_LETTERS = 100
MAX_CLASS_BYTES = 255
"""What a file system takes as the name of a folder."""
CHUNK = 1 << 20
FAULTS = (*DAMAGE, RuntimeError, MemoryError, struct.error, lzma.LZMAError)


@dataclass(frozen=True, slots=True)
class Member:
    """A picture of the archive: its name and folders there, the file it was written to, its width and height."""

    name: str
    folders: tuple[str, ...]
    file: Path
    sides: tuple[int, int]


def unpack(archive: Path, folder: Path) -> dict[str, Any]:
    """Write FOLDER/[PART/]CLASS/NUMBER.SUFFIX for each picture. DataError says why an archive is refused.

    Numbers follow the names, so that every archive of the same folder is trained on alike. Returns sha256, the digest
    of the pictures, classes, images, images by part, sizes (least and largest side in pixels) and ignored, the files
    that are no pictures.
    """
    raw = folder / ".raw"  # no class is called so: hidden folders are left alone
    raw.mkdir(parents=True)
    try:
        members, ignored = _extracted(archive, raw)
    except OSError as fault:
        if fault.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DataError("the disk of the service is full; ask its operator to free some") from None
        raise _damaged(fault) from None
    except FAULTS as fault:
        raise _damaged(fault) from None
    parts = _parts(members)
    _check(parts)
    named: dict[Path, str] = {}
    for part, classes in parts.items():
        for name, chosen in classes.items():
            home = folder / part / name
            home.mkdir(parents=True)
            for number, member in enumerate(sorted(chosen, key=lambda member: member.name)):
                named[member.file.rename(home / f"{number:06d}{member.file.suffix}")] = member.name
    raw.rmdir()
    names = {str(path.relative_to(folder)): name for path, name in named.items()}
    (folder / NAMES).write_text(json.dumps(names, ensure_ascii=False), encoding="utf-8")
    sides = [side for member in members for side in member.sides]
    files = {part: {name: (folder / part / name).iterdir() for name in classes} for part, classes in parts.items()}
    return {
        "sha256": content_digest(files),
        "classes": sorted(next(iter(parts.values()))),
        "images": len(members),
        "parts": {part or "train": sum(map(len, classes.values())) for part, classes in parts.items()},
        "sizes": {"min": min(sides), "max": max(sides)},
        "ignored": ignored,
    }


def _damaged(fault: BaseException) -> DataError:
    return DataError(f"the archive is truncated, damaged or encrypted ({type(fault).__name__}); make it again")


def _extracted(archive: Path, raw: Path) -> tuple[list[Member], int]:
    """Every picture, written under its number and decoded once; and the number of other files."""
    members: list[Member] = []
    ignored = 0
    size_bytes = archive.stat().st_size
    left = min(MAX_BYTES, max(SMALL_BYTES, MAX_RATIO * size_bytes))
    pixels_left = min(MAX_ALL_PIXELS, max(MAX_PIXELS, MAX_PIXEL_RATIO * size_bytes))
    for count, (name, content) in enumerate(_entries(archive)):
        if count >= MAX_ENTRIES:
            raise DataError(f"the archive has more than {MAX_ENTRIES:,} entries; send a part of them")
        path = _safe(name)
        hidden = any(part.startswith((".", "__")) for part in path.parts)
        if content is None or hidden or path.suffix.lower() not in SUFFIXES:
            ignored += content is not None
            continue
        file = raw / f"{len(members):06d}{path.suffix.lower()}"
        left -= _write(content, file, left)
        sides = sides_of(Picture(str(path), file))
        pixels_left -= sides[0] * sides[1]
        if pixels_left < 0:
            raise DataError(
                f"the images have more than {MAX_ALL_PIXELS:,} pixels, or {MAX_PIXEL_RATIO} for each byte of the "
                "archive; shrink them"
            )
        members.append(Member(str(path), path.parts[:-1], file, sides))
    for member in members:  # once all are known to be within the limits
        try_to_decode(Picture(member.name, member.file))
    return members, ignored


def _entries(archive: Path) -> Iterator[tuple[str, IO[bytes] | None]]:
    """Name and content of each entry, None for a folder. The first bytes decide what the archive is."""
    with archive.open("rb") as file:
        magic = file.read(4)
    if magic.startswith(b"PK"):
        yield from _zipped(archive)
    else:
        yield from _tarred(archive, "r:gz" if magic.startswith(b"\x1f\x8b") else "r:")


def _zipped(archive: Path) -> Iterator[tuple[str, IO[bytes] | None]]:
    with zipfile.ZipFile(archive) as opened_archive:
        for member in opened_archive.infolist():
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
                raise _no_file(member.filename)
            if member.is_dir():
                yield member.filename, None
            else:
                with opened_archive.open(member) as content:
                    yield member.filename, content


def _tarred(archive: Path, mode: Any) -> Iterator[tuple[str, IO[bytes] | None]]:
    with tarfile.open(archive, mode) as opened_archive:
        for member in opened_archive:
            if not member.isreg() and not member.isdir():
                raise _no_file(member.name)
            yield member.name, opened_archive.extractfile(member)


def _no_file(name: str) -> DataError:
    return DataError(f"{name[:200]!r} is a link or a device; put plain files and folders into the archive")


def _safe(name: str) -> PurePosixPath:
    """The path of an entry, refused if it leads out of the archive or cannot be shown."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or not name.isprintable():
        raise DataError(f"{name[:200]!r} leads out of the archive, or has odd characters; use plain relative paths")
    if len(path.parts) > MAX_FOLDERS:
        raise DataError(f"{name[:200]!r} lies more than {MAX_FOLDERS} folders deep; use CLASS/IMAGE")
    return path


def _write(content: IO[bytes], file: Path, max_bytes: int) -> int:
    """Bytes written. DataError if there are more than max_bytes, whatever sizes the archive states."""
    written = 0
    with file.open("xb") as out:
        while chunk := content.read(CHUNK):
            written += len(chunk)
            if written > max_bytes:
                raise DataError(
                    f"unpacked, the images take more than {MAX_BYTES >> 30} GiB or {MAX_RATIO} times the archive"
                )
            out.write(chunk)
    return written


Parts = dict[str, dict[str, list[Member]]]
"""Members by part ("" where there are class folders alone) and class."""


def _parts(members: Sequence[Member]) -> Parts:
    """The members by part and class, without the folders that contain all of them."""
    if not members:
        raise DataError(f"the archive has no images; add some ({', '.join(sorted(SUFFIXES))}), a folder for each class")
    places = [member.folders for member in members]
    shared = os.path.commonprefix(places)  # noqa: RUF071 - of tuples, so whole names are compared
    depth = min(len(shared), max(0, min(map(len, places)) - 1))
    split = _has_parts([place[depth:] for place in places if place])
    found: Parts = defaultdict(lambda: defaultdict(list))
    for member in members:
        place = member.folders[depth:]
        part = _part(place[0]) if split and place else ""
        if part is None or len(place) <= split:
            raise DataError(f"{'/'.join((*member.folders, '...'))} lies in no class folder; use [train/]CLASS/IMAGE")
        found[part][_class(place[split])].append(member)
    return found


def _has_parts(places: Sequence[tuple[str, ...]]) -> bool:
    """Whether the first folder of each place is a part. `train` may be a class as well, beside `bus`."""
    trains = [place for place in places if _part(place[0]) == "train"]
    return any(len(place) > 1 for place in trains) or (bool(trains) and all(_part(place[0]) for place in places))


def _part(folder: str) -> str | None:
    return next((part for part, names in PARTS.items() if folder.lower() in names), None)


def _class(name: str) -> str:
    if len(name) > MAX_CLASS_LETTERS or len(os.fsencode(name)) > MAX_CLASS_BYTES:
        raise DataError(
            f"class {name[:MAX_CLASS_LETTERS]!r}... has a name of more than {MAX_CLASS_LETTERS} letters or "
            f"{MAX_CLASS_BYTES} bytes; shorten it"
        )
    if name == FACTS:
        raise DataError(f"class {name!r} has the name of the service's own file; rename it")
    return name


def _check(parts: Parts) -> None:
    """DataError if it cannot be trained on, as nas.dataset would find."""
    train = parts.get("train", parts.get("", {}))
    if len(train) < 2:  # noqa: PLR2004 - a choice needs two
        raise DataError(f"one class ({', '.join(train)}) gives nothing to tell apart; make a folder for each class")
    for part, classes in parts.items():
        if set(classes) != set(train):
            raise DataError(f"{part} has other classes than train: {', '.join(sorted(set(classes) ^ set(train)))}")
    required = 1 + sum(part not in parts for part in PARTS if part != "train")
    count, name = min((len(members), name) for name, members in train.items())
    if count < required:
        raise DataError(f"class {name!r} has {count} training images; give each class at least {required}")


def _memory_limit() -> int:
    """In bytes: less than MEMORY_BYTES where the machine, or the container, has little."""
    return max(MIN_MEMORY_BYTES, min(MEMORY_BYTES, (memory_bytes() or MEMORY_BYTES) // 4))


def main() -> None:
    archive, folder = map(Path, sys.argv[1:])
    size_mib = archive.stat().st_size >> 20
    os.nice(NICENESS)
    limit_process(
        {
            resource.RLIMIT_CPU: min(MAX_CPU_S, MIN_CPU_S + size_mib),
            resource.RLIMIT_AS: _memory_limit(),
            resource.RLIMIT_FSIZE: MAX_BYTES,
        }
    )
    try:
        found = unpack(archive, folder)
        os.sync()
    except DataError as error:
        found = {"error": str(error)}
    print(json.dumps(found))  # noqa: T201 - to the parent process


if __name__ == "__main__":
    main()
