"""Prepare, before the first trial, the state that all evaluations of a search share, such as supernet weights."""

import hashlib
from pathlib import Path

from nas.files import write_whole
from nas.space import SearchSpace
from workers.searching.context import SearchContext, epoch_listener
from workers.tasks.train import prepare

NAME = "prepared"


def prepared_file(context: SearchContext, space: SearchSpace) -> Path | None:
    """The file with the evaluator's shared state, prepared now or by an earlier call; None if it has none."""
    if not context.evaluator.preparation_epochs:
        return None
    known = context.store.known(NAME)
    return (context.store.fetch(known["file"], known["sha256"]) if known else None) or _prepare(context, space)


def _prepare(context: SearchContext, space: SearchSpace) -> Path:
    epochs, what = context.evaluator.preparation_epochs, f"preparing the evaluator {context.evaluator.name}"
    context.listener.phase("PREPARING")
    context.listener.say(f"{what} for up to {epochs} epochs")
    checkpoint = context.store.path / "checkpoints" / NAME
    report = epoch_listener(context.listener, what, epochs)
    content = context.submit(prepare, space, str(checkpoint), report=report).result()
    sha256 = hashlib.sha256(content).hexdigest()
    path = context.store.path / f"{NAME}-{sha256[:16]}.bin"
    write_whole(path, content)
    context.store.publish(NAME, path.name)
    context.store.keep(NAME, {"file": path.name, "sha256": sha256})
    return path
