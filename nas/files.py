"""Files that are complete or absent, however the process ends, with the rights that the user's umask leaves."""

import hashlib
import os
import secrets
import stat
from io import BufferedRandom
from pathlib import Path


def write_whole(path: Path, data: bytes | str) -> None:
    """Write a file so that readers, and the next start after a crash, see the old content or the new, never a part.

    OSError, with the path, if the disk is full or the folder cannot be written; the old file is untouched then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file, new = new_file(path.parent, f".{path.name}.")
    try:
        with file:
            file.write(data.encode() if isinstance(data, str) else data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except BaseException as error:
        new.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def sha256_of(path: Path) -> str:
    """The digest of a file's content, in hexadecimal digits. OSError if it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def new_file(folder: Path, prefix: str, mode: int = 0o666) -> tuple[BufferedRandom, Path]:
    """A file of a new name, open for writing and reading. mode: its rights, but for those that the umask takes away.

    Unlike one of tempfile, it never has other rights: no later change of them, which would need the umask.
    """
    path = folder / f"{prefix}{secrets.token_hex(8)}"
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "w+b"), path


def private_mode(folder: Path) -> int:
    """Rights of a file in this folder that others may not read: its owner's, and the group's where the folder is shared
    with it, which is one that it may write.
    """
    return 0o660 if folder.stat().st_mode & stat.S_IWGRP else 0o600
