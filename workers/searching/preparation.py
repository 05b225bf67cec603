"""Prepare, before the first trial, the state that all evaluations of a search share, such as supernet weights.

Searches that would prepare the same share it: one of them prepares, and others on this machine wait for it.
"""

import fcntl
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, replace
from functools import partial
from pathlib import Path

from nas.evaluator import RankCheck, rank_check_of
from nas.files import write_whole
from nas.jobs.records import TrainingKey
from nas.machine.folders import cache_folder
from nas.search.earlier import PREPARED
from nas.space import SearchSpace
from workers.searching.context import SearchContext, epoch_listener
from workers.searching.earlier.shared_start import start_content
from workers.searching.rank_check import NAME as RANK_CHECK
from workers.searching.rank_check import check_ranks, judged
from workers.tasks.train import prepare

WAITS = "waits-for-preparation"
"""Under this name a search keeps what it has said of waiting for another one."""

POLL_S = 0.2
"""How often a search that waits for another one's preparation looks whether that has ended."""


def prepared_file(context: SearchContext, space: SearchSpace) -> Path | None:
    """The file with the evaluator's shared state, prepared and checked now or by an earlier call; None without one."""
    if not context.evaluator.preparation_epochs:
        return None
    known = context.store.known(PREPARED)
    fetched = context.store.fetch(known["file"], known["sha256"]) if known else None
    return fetched or _keep(context, _checked(context, space))


def shared_path(key: TrainingKey, suffix: str) -> Path:
    """A file of this machine for what searches prepare under a key."""
    digest = hashlib.sha256(repr(astuple(key)).encode()).hexdigest()[:32]
    return cache_folder() / PREPARED / f"{digest}.{suffix}"


def _keep(context: SearchContext, content: bytes) -> Path:
    path, sha256 = _written(content, context.store.path)
    context.store.publish(PREPARED, path.name)
    context.store.keep(PREPARED, {"file": path.name, "sha256": sha256})
    return path


def _written(content: bytes, folder: Path) -> tuple[Path, str]:
    """A file with the content, named by its sha256."""
    sha256 = hashlib.sha256(content).hexdigest()
    path = folder / f"{PREPARED}-{sha256[:16]}.bin"
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(path, content)
    return path, sha256


def _checked(context: SearchContext, space: SearchSpace) -> bytes:
    """What the evaluator prepares, with a correction of its scores where its check finds that this pays."""
    content = _content(context, space)
    check = rank_check_of(context.spec.evaluator)
    if check is None:
        return content
    found = context.store.known(RANK_CHECK)
    if found is None:
        path, _ = _written(content, context.store.path / "checkpoints")
        own = replace(context, prepared=path)
        said = f"the rank check of the evaluator {context.evaluator.name} was made before"
        make = partial(_rows, own, space, check)
        found = judged(context, space, check, json.loads(_shared(context, own.training_keys.rank_check(), said, make)))
        path.unlink(missing_ok=True)
    correction = found["correction"]
    return context.evaluator.corrected(content, correction) if correction else content


def _rows(context: SearchContext, space: SearchSpace, check: RankCheck, _checkpoint: Path) -> bytes:
    return json.dumps(check_ranks(context, space, check)).encode()


def _content(context: SearchContext, space: SearchSpace) -> bytes:
    said = f"what the evaluator {context.evaluator.name} prepares was prepared before"
    return _shared(context, context.training_keys.preparation(), said, partial(_prepare, context, space))


def _shared(context: SearchContext, key: TrainingKey | None, said: str, make: Callable[[Path], bytes]) -> bytes:
    """What searches have in common under a key, made now or before, which is then said. make: given the path of a
    checkpoint.
    """
    if key is None:
        return make(context.store.path / "checkpoints" / PREPARED)
    content = context.store.shared_state(key)
    if content is None:
        with _alone(shared_path(key, "lock"), partial(_wait, context)):
            content = context.store.shared_state(key)  # another search may have made it meanwhile
            if content is None:
                checkpoint = shared_path(key, "checkpoint")
                content = make(checkpoint)
                context.store.share_state(key, content)
                checkpoint.unlink(missing_ok=True)
                return content
    context.listener.say(f"{said}: it is used again")
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
    content: bytes = context.submit(prepare, space, str(checkpoint), start_content(context), report=report).result()
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
