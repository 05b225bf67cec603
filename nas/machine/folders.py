"""Folders that can be written: of the user, and for temporary files."""

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from nas.errors import NasError

_TRIED = bytes(64 << 10)


def existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next((place for place in (folder, *folder.parents) if _is_folder(place)), Path())


def write_failure(folder: Path) -> str | None:
    """Why no file of 64 KiB can be written in the folder, or where it would be made; None if one can."""
    try:
        with tempfile.TemporaryFile(dir=existing(folder)) as file:
            file.write(_TRIED)
    except OSError as error:
        return error.strerror or str(error)
    return None


def _is_folder(place: Path) -> bool:
    try:
        return place.is_dir()
    except OSError:  # a mounted server that is gone, or a folder above it that may not be entered
        return False


def data_folder() -> Path:
    """NAS_HOME, or the user's folder for data. NasError without both."""
    home = os.environ.get("NAS_HOME")
    return Path(home) if home else _known(user_data_folder())


def cache_folder() -> Path:
    """NAS_CACHE_DIR, or `cache` in NAS_HOME, or the user's cache folder. NasError without all of them."""
    given, home = os.environ.get("NAS_CACHE_DIR"), os.environ.get("NAS_HOME")
    if given or home:
        return Path(given) if given else Path(str(home), "cache")
    import platformdirs  # noqa: PLC0415 - the device agent has it not

    return _known(_of_user(platformdirs.user_cache_dir))


def user_data_folder() -> Path | None:
    """The user's folder for data, where nas writes without NAS_HOME; None if it is not known, as in containers."""
    import platformdirs  # noqa: PLC0415 - the device agent has it not

    return _of_user(platformdirs.user_data_dir)


def _of_user(folder: Callable[[str], str]) -> Path | None:
    try:
        own = Path(folder("nas"))
    except RuntimeError:  # without HOME and an entry in passwd; earlier versions of platformdirs leave the ~ there
        return None
    return own if own.is_absolute() else None


def _known(folder: Path | None) -> Path:
    if folder is None:
        raise NasError("this user has no home folder (HOME is not set); name a folder in NAS_HOME")
    return folder


def temporary_folder() -> Path:
    """TMPDIR or /tmp. tempfile.gettempdir() chooses another one if that may not be written, such as the current one."""
    return Path(os.environ.get("TMPDIR") or "/tmp")  # noqa: S108 - what is made in it has random names


def use_temporary_folder(folder: Path) -> None:
    """Have this process, and those that it starts, keep their temporary files in the folder, which exists."""
    if folder != temporary_folder():
        os.environ.setdefault("RAY_TMPDIR", str(temporary_folder()))  # where RAY_ADDRESS=auto looks for the cluster
        os.environ["TMPDIR"] = tempfile.tempdir = str(folder.absolute())


def find_temporary_folder() -> None:
    """Use `tmp` in NAS_HOME, if that is set, where temporary_folder() cannot be written, as on a read-only disk."""
    home = os.environ.get("NAS_HOME")
    if home and write_failure(temporary_folder()):
        folder = Path(home, "tmp")
        with suppress(OSError):  # then what needs temporary files fails, and says so
            folder.mkdir(parents=True, exist_ok=True)
            use_temporary_folder(folder)
