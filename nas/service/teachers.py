"""The teachers of a service: artifacts, which specs name as `teachers/SHA256/NAME`, the name being for people."""

import re
from pathlib import Path

from nas.errors import SpecError
from nas.jobs.artifacts import TEACHERS
from nas.jobs.errors import NotFoundError
from nas.service.artifact_store import ArtifactStore

_MODEL = re.compile(rf"{TEACHERS}([0-9a-f]{{64}})/[\w.-]{{1,100}}", re.ASCII)
_UNSAFE = re.compile(r"[^\w.-]+", re.ASCII)


def teacher_model(sha256: str, name: str) -> str:
    """What a spec has as `teacher.model` for the artifact of this digest."""
    last = _UNSAFE.sub("_", re.split(r"[/\\]", name)[-1]).strip(".")[-100:]
    return f"{TEACHERS}{sha256}/{last or 'teacher.onnx'}"


def known_teacher(store: ArtifactStore, model: str) -> Path | None:
    """The path of the file that a spec names; None if it is not there, or named in another way."""
    match = _MODEL.fullmatch(model)
    try:
        return store.path(match[1]) if match else None
    except NotFoundError:
        return None


def keep_teacher(store: ArtifactStore, model: str) -> Path:
    """The path of the file, which is kept for a day, within which a spec in the ledger names it.

    SpecError if it is not there, or named in another way.
    """
    if _MODEL.fullmatch(model) is None:
        raise SpecError(
            "teacher.model: give what POST /v1/teachers answers as `model`; `nas search submit` sends a file by itself"
        )
    if path := known_teacher(store, model):
        store.keep(path.name, path.stat().st_size)
    if path is None or known_teacher(store, model) is None:  # it may have been removed before it was to be kept
        raise SpecError("teacher.model: the service does not have this file any more; send it again")
    return path
