"""Prepare, before the first trial, the state that all evaluations of a search share, such as supernet weights.

Searches that would prepare the same share it: one of them prepares, and others on this machine wait for it.
"""

import fcntl
import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple
from functools import partial
from pathlib import Path

from nas.files import write_whole
from nas.jobs.records import TrainingKey
from nas.machine.folders import cache_folder
from nas.search.earlier import PREPARED
from nas.space import SearchSpace
from workers.searching.context import SearchContext, epoch_listener
from workers.tasks.train import prepare

WAITS = "waits-for-preparation"
"""Under this name a search keeps what it has said of waiting for another one."""

POLL_S = 0.2
"""How often a search that waits for another one's preparation looks whether that has ended."""


def prepared_file(context: SearchContext, space: SearchSpace) -> Path | None:
    """The file with the evaluator's shared state, prepared now or by an earlier call; None if it has none."""
    if not context.evaluator.preparation_epochs:
        return None
    known = context.store.known(PREPARED)
    return (context.store.fetch(known["file"], known["sha256"]) if known else None) or _keep(context, space)


def shared_path(key: TrainingKey, suffix: str) -> Path:
    """A file of this machine for what searches prepare under a key."""
    digest = hashlib.sha256(repr(astuple(key)).encode()).hexdigest()[:32]
    return cache_folder() / PREPARED / f"{digest}.{suffix}"


def _keep(context: SearchContext, space: SearchSpace) -> Path:
    content = _content(context, space)
    sha256 = hashlib.sha256(content).hexdigest()
    path = context.store.path / f"{PREPARED}-{sha256[:16]}.bin"
    write_whole(path, content)
    context.store.publish(PREPARED, path.name)
    context.store.keep(PREPARED, {"file": path.name, "sha256": sha256})
    return path


def _content(context: SearchContext, space: SearchSpace) -> bytes:
    key = context.training_keys.preparation()
    if key is None:
        return _prepare(context, space, context.store.path / "checkpoints" / PREPARED)
    content = context.store.shared_state(key)
    if content is None:
        with _alone(shared_path(key, "lock"), partial(_wait, context)):
            content = context.store.shared_state(key)  # another search may have prepared it meanwhile
            if content is None:
                checkpoint = shared_path(key, "checkpoint")
                content = _prepare(context, space, checkpoint)
                context.store.share_state(key, content)
                checkpoint.unlink(missing_ok=True)
                return content
    context.listener.say(f"what the evaluator {context.evaluator.name} prepares was prepared before: it is used again")
    return content


def _wait(context: SearchContext) -> None:
    """Called while another search prepares the same. What the store raises ends the wait."""
    waits = f"waiting for another search that prepares the evaluator {context.evaluator.name} as this one would"
    if context.store.known(WAITS) is None:
        context.listener.say(context.store.keep(WAITS, waits))


def _prepare(context: SearchContext, space: SearchSpace, checkpoint: Path) -> bytes:
    epochs, what = context.evaluator.preparation_epochs, f"preparing the evaluator {context.evaluator.name}"
    context.listener.phase("PREPARING")
    context.listener.say(f"{what} for up to {epochs} epochs")
    report = epoch_listener(context.listener, what, epochs)
    content: bytes = context.submit(prepare, space, str(checkpoint), report=report).result()
    return content


@contextmanager
def _alone(path: Path, go_on: Callable[[], object]) -> Iterator[None]:
    """Hold the lock of a file, waiting for it as long as go_on does not raise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                go_on()
                time.sleep(POLL_S)
        yield
