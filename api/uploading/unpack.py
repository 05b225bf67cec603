"""Unpacks an untrusted archive of class folders into a data set's folder, in a process of its own, within limits.

    python -m api.uploading.unpack ARCHIVE FOLDER refuse|skip

prints one JSON object: what was found, or {"error": why the archive is refused}. Members are written under numbers, so
names in an archive are used for class folders only.
"""

import errno
import json
import lzma
import os
import resource
import struct
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, Any

from api.uploading.content import content_digest
from api.uploading.entries import entries
from api.uploading.layout import RAW, Member, Parts, by_part, check
from api.uploading.probing import MAX_PIXELS, sides_of, try_to_decode
from nas.errors import DataError
from nas.images.archives import DAMAGE
from nas.images.class_folders import NAMES, NOTES
from nas.images.formats import NoPictureError, Picture, PictureError, may_be_picture, suffixes
from nas.images.on_damaged import OnDamaged
from nas.images.reading import left_out, refuse_damaged, skipped
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
CHUNK = 1 << 20
HEAD = 64
"""First bytes that tell a picture's format."""
FAULTS = (*DAMAGE, RuntimeError, MemoryError, struct.error, lzma.LZMAError)


@dataclass(frozen=True, slots=True)
class Extracted:
    """members: the pictures. damaged: those that cannot be read. others: files that are no pictures, without litter.

    ignored: how many files are not taken, litter too.
    """

    members: list[Member]
    damaged: dict[PurePosixPath, PictureError]
    others: list[PurePosixPath]
    ignored: int


def unpack(archive: Path, folder: Path, on_damaged: OnDamaged = OnDamaged.REFUSE) -> dict[str, Any]:
    """Write FOLDER/[PART/]CLASS/NUMBER.SUFFIX for each picture. DataError says why an archive is refused.

    Numbers follow the names, so that every archive of the same folder is trained on alike. Returns sha256, the digest
    of the pictures, classes, images, images by part, sizes (least and largest side in pixels), ignored (the files that
    are not taken) and notes on these.
    """
    raw = folder / RAW
    raw.mkdir(parents=True)
    try:
        found = _extracted(archive, raw)
    except OSError as fault:
        if fault.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DataError("the disk of the service is full; ask its operator to free some") from None
        raise _damaged(fault) from None
    except FAULTS as fault:
        raise _damaged(fault) from None
    refuse_damaged(list(found.damaged.values()), on_damaged)
    parts = by_part(found.members, [*found.others, *found.damaged])
    check(parts)
    _write_folders(parts, folder)
    raw.rmdir()
    others = [Picture(str(path), b"") for path in found.others]
    notes = [*left_out(others), *skipped(list(found.damaged.values()))]
    (folder / NOTES).write_text(json.dumps([asdict(note) for note in notes], ensure_ascii=False), encoding="utf-8")
    sides = [side for member in found.members for side in member.sides]
    files = {part: {name: (folder / part / name).iterdir() for name in classes} for part, classes in parts.items()}
    return {
        "sha256": content_digest(files),
        "classes": sorted(parts.get("train", parts.get("", {}))),
        "images": len(found.members),
        "parts": {part or "train": sum(map(len, classes.values())) for part, classes in parts.items()},
        "sizes": {"min": min(sides), "max": max(sides)},
        "ignored": found.ignored,
        "notes": [note.row() for note in notes],
    }


def _write_folders(parts: Parts, folder: Path) -> None:
    """Move the pictures into their class folders, with the file of their names beside these."""
    named: dict[Path, str] = {}
    for part, classes in parts.items():
        for name, chosen in classes.items():
            home = folder / part / name
            home.mkdir(parents=True)
            for number, member in enumerate(sorted(chosen, key=lambda member: member.name)):
                named[member.file.rename(home / f"{number:06d}{member.file.suffix}")] = member.name
    names = {str(path.relative_to(folder)): name for path, name in named.items()}
    (folder / NAMES).write_text(json.dumps(names, ensure_ascii=False), encoding="utf-8")


def _damaged(fault: BaseException) -> DataError:
    return DataError(
        f"the archive is truncated or damaged, or is no .zip or .tar ({type(fault).__name__}); make it again as a .zip "
        "or a .tar.gz"
    )


def _extracted(archive: Path, raw: Path) -> Extracted:
    """Every picture, written under its number and decoded once; and what else there is."""
    found = Extracted([], {}, [], 0)
    ignored = 0
    size_bytes = archive.stat().st_size
    left = min(MAX_BYTES, max(SMALL_BYTES, MAX_RATIO * size_bytes))
    pixels_left = min(MAX_ALL_PIXELS, max(MAX_PIXELS, MAX_PIXEL_RATIO * size_bytes))
    for count, (name, content) in enumerate(entries(archive)):
        if count >= MAX_ENTRIES:
            raise DataError(f"the archive has more than {MAX_ENTRIES:,} entries; send a part of them")
        if content is None:
            ignored += not name.endswith("/")
            continue
        path = _safe(name)
        start = content.read(CHUNK)
        if not may_be_picture(Picture(str(path), start[:HEAD])):
            found.others.append(path)
            continue
        file = raw / f"{len(found.members):06d}{_suffix(path)}"
        left -= _write(start, content, file, left)
        member = _member(path, file, found)
        if member is None:
            continue
        pixels_left -= member.sides[0] * member.sides[1]
        if pixels_left < 0:
            raise DataError(
                f"the images have more than {MAX_ALL_PIXELS:,} pixels, or {MAX_PIXEL_RATIO} for each byte of the "
                "archive; shrink them"
            )
        found.members.append(member)
    return _decoded(replace(found, ignored=ignored + len(found.others)))


def _suffix(path: PurePosixPath) -> str:
    """A suffix under which the file may be stored, as formats without a mark of their own are known by it."""
    suffix = path.suffix.lower()
    return suffix if suffix in suffixes() else ""


def _member(path: PurePosixPath, file: Path, found: Extracted) -> Member | None:
    """The written file as a member; None, and found has it elsewhere, if it is no picture or cannot be read."""
    try:
        sides = sides_of(Picture(str(path), file))
    except NoPictureError:
        found.others.append(path)
    except PictureError as error:
        found.damaged[path] = error
    else:
        return Member(str(path), path.parts[:-1], file, sides)
    file.unlink()
    return None


def _decoded(found: Extracted) -> Extracted:
    """Those whose content can be decoded: tried once all are known to be within the limits."""
    members = []
    for member in found.members:
        try:
            try_to_decode(Picture(member.name, member.file))
        except PictureError as error:
            found.damaged[PurePosixPath(member.name)] = error
            member.file.unlink()
        else:
            members.append(member)
    return replace(found, members=members)


def _safe(name: str) -> PurePosixPath:
    """The path of an entry, refused if it leads out of the archive or cannot be shown."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or not name.isprintable():
        raise DataError(f"{name[:200]!r} leads out of the archive, or has odd characters; use plain relative paths")
    if len(path.parts) > MAX_FOLDERS:
        raise DataError(f"{name[:200]!r} lies more than {MAX_FOLDERS} folders deep; use CLASS/IMAGE")
    return path


def _write(start: bytes, content: IO[bytes], file: Path, max_bytes: int) -> int:
    """Bytes written: start, and the content behind it. DataError if there are more than max_bytes, whatever sizes the
    archive states.
    """
    written, chunk = 0, start
    with file.open("xb") as out:
        while chunk:
            written += len(chunk)
            if written > max_bytes:
                raise DataError(
                    f"unpacked, the images take more than {MAX_BYTES >> 30} GiB or {MAX_RATIO} times the archive"
                )
            out.write(chunk)
            chunk = content.read(CHUNK)
    return written


def _memory_limit() -> int:
    """In bytes: less than MEMORY_BYTES where the machine, or the container, has little."""
    return max(MIN_MEMORY_BYTES, min(MEMORY_BYTES, (memory_bytes() or MEMORY_BYTES) // 4))


def main() -> None:
    archive, folder = map(Path, sys.argv[1:3])
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
        found = unpack(archive, folder, OnDamaged(sys.argv[3]))
        os.sync()
    except DataError as error:
        found = {"error": str(error)}
    print(json.dumps(found))  # noqa: T201 - to the parent process


if __name__ == "__main__":
    main()
