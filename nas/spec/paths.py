"""Paths in a spec, which are relative to its file."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nas.dataset import resolve
from nas.errors import SpecError
from nas.spaces import SUFFIXES as SPACE_FILES


def beside(folder: Path, data: Mapping[str, Any]) -> dict[str, Any]:
    """A spec as written in a file of the folder, with its paths as they are from here.

    SpecError if one is absent there, but not from here, where earlier versions looked.
    """
    given = dict(data)
    space, images = given.get("space"), given.get("dataset")
    if isinstance(space, str) and space.endswith(SPACE_FILES):
        given["space"] = _beside(folder, space, "space")
    named = resolve(images) if isinstance(images, str | Mapping) else {}
    if named.get("name") == "folder" and isinstance(named.get("path"), str):
        given["dataset"] = {**named, "path": _beside(folder, named["path"], "dataset.path")}
    teacher = given.get("teacher")
    if isinstance(teacher, str):
        given["teacher"] = _beside(folder, teacher, "teacher")
    elif isinstance(teacher, Mapping) and isinstance(teacher.get("model"), str):
        given["teacher"] = {**teacher, "model": _beside(folder, teacher["model"], "teacher.model")}
    return given


def _beside(folder: Path, path: str, field: str) -> str:
    found = folder / Path(path).expanduser()
    if not found.exists() and Path(path).exists():
        raise SpecError(
            f"{field}: there is no {found}; paths in a spec are relative to its file, so write "
            f"{os.path.relpath(path, folder)} for the {path} in the current folder"
        )
    return str(found)
