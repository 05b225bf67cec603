"""The state of a training in a file that is complete or absent, even after a crash."""

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from nas.errors import CheckpointError
from nas.files import write_whole

DIGEST_BYTES = hashlib.sha256().digest_size


def save(path: Path, identity: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """Replace the file at path; a crash leaves the old one or the new one. CheckpointError if it cannot be written.

    identity says which training this is a state of, as JSON values by name.
    """
    buffer = io.BytesIO()
    torch.save({"identity": dict(identity), "state": dict(state)}, buffer)
    body = buffer.getvalue()
    try:
        # The digest comes first, because torch does not notice flipped bits.
        write_whole(path, hashlib.sha256(body).digest() + body)
    except OSError as error:
        raise CheckpointError(
            f"checkpoint {path}: {len(body)} bytes could not be written ({error.strerror}); free some space or choose "
            "another folder and start again: the training goes on from its last whole checkpoint"
        ) from error


def load(path: Path, identity: Mapping[str, Any], device: str) -> dict[str, Any] | None:
    """The saved state, or None if there is no file. CheckpointError if it is damaged or has another identity."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CheckpointError(f"checkpoint {path} cannot be read ({error.strerror}); check its permissions") from error
    digest, body = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
    if hashlib.sha256(body).digest() != digest:
        raise _damaged(path)
    try:
        saved = torch.load(io.BytesIO(body), map_location=device, weights_only=True)
    except (RuntimeError, UnpicklingError) as error:
        raise _damaged(path) from error
    for name in {**identity, **saved["identity"]}:
        ours, theirs = identity.get(name), saved["identity"].get(name)
        if theirs != ours:
            raise CheckpointError(
                f"checkpoint {path} is of another training: its {name} is {theirs!r}, not {ours!r}; "
                "choose another path, or delete the file to start again"
            )
    state: dict[str, Any] = saved["state"]
    return state


def _damaged(path: Path) -> CheckpointError:
    return CheckpointError(f"checkpoint {path} is damaged; delete it to start the training again")
