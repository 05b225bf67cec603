"""Restricts the data sets of the service's searches to folders below the data root."""

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from nas.dataset import SYSTEM_FOLDER, data_dirs
from nas.errors import SpecError

_HUB_SET = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)


def resolve_path(config: Mapping[str, Any], data_root: Path) -> dict[str, Any]:
    """The data set's config with its absolute path on this machine; the stored spec keeps the relative one.

    SpecError if a path is not relative to data_root, leads out of it (symbolic links followed), or is not a folder.
    """
    path = config.get("path")
    if path is None:
        return dict(config)
    if not isinstance(path, str):
        raise SpecError("dataset.path: give text, the path of a folder")
    if config.get("name") == "hf":
        # The hub's library prefers a local folder of that name to the set on the hub.
        if _HUB_SET.fullmatch(path) is None or Path(path).exists():
            raise SpecError("dataset.path: name a set of the hub as OWNER/SET")
        return dict(config)
    return {**config, "path": str(_inside(path, data_root))}


def shown(text: str, data_root: Path) -> str:
    """The text for clients: paths below data_root are relative, as in specs, and reveal no folders of this machine."""
    for root in {data_root, data_root.resolve()}:
        text = text.replace(f"{root}/", "")
    for folder in set(data_dirs()) - {SYSTEM_FOLDER}:
        text = text.replace(str(folder), "NAS_DATA_DIR")
    return text


def _inside(path: str, data_root: Path) -> Path:
    given = PurePosixPath(path)
    if not path or "\0" in path or "\\" in path or given.is_absolute() or ".." in given.parts or path.startswith("~"):
        raise SpecError("dataset.path: give a path below the data root of the service, without `..`")
    try:
        root = data_root.resolve()
        found = (root / given).resolve()
        is_folder = found.is_dir()
    except (OSError, RuntimeError):  # too long, or a cycle of links
        is_folder = False
    if not is_folder or not found.is_relative_to(root):
        raise SpecError("dataset.path: there is no such folder below the data root of the service; upload one first")
    return found
