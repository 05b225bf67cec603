"""What a search takes over from earlier ones: as it was when the search began, and kept with it."""

import gzip
import hashlib
import json
from dataclasses import replace
from typing import Any

from nas.errors import ChangedError
from nas.files import write_whole
from nas.search.earlier import TakenOver, taken_over, task_of
from nas.searcher import Searcher
from nas.space import SearchSpace
from workers.searching.context import SearchContext
from workers.searching.recording.progress_store import ProgressStore

NAME = "earlier-trainings"


def warm_started(context: SearchContext, store: ProgressStore, space: SearchSpace) -> SearchContext:
    """The context with what the spec's warm_start comes to, now or as an earlier call has found it.

    store: of the context. ChangedError if that is lost: proposals depend on it.
    """
    if not context.spec.warm_start:
        return context
    known = store.known(NAME) or _freeze(context, store, space)
    path = store.fetch(known["file"], known["sha256"])
    content = path.read_bytes() if path else b""
    if hashlib.sha256(content).hexdigest() != known["sha256"]:
        raise ChangedError("WARM_START_LOST", f"{known['file']}, with what the search began with, is lost or damaged")
    return replace(context, taken=TakenOver(json.loads(gzip.decompress(content))))


def _freeze(context: SearchContext, store: ProgressStore, space: SearchSpace) -> dict[str, Any]:
    key, epochs = context.evaluator.cache_key, context.evaluator.epochs
    recipe = [key and key.recipe_id, epochs]
    searches, gone = store.earlier(context.spec, recipe)
    rows = taken_over(space, task_of(context.images.digest, recipe), searches)
    content = gzip.compress(json.dumps(rows).encode(), mtime=0)
    sha256 = hashlib.sha256(content).hexdigest()
    path = store.path / f"earlier-{sha256[:16]}.json.gz"
    write_whole(path, content)
    store.publish(NAME, path.name)
    kept: dict[str, Any] = store.keep(NAME, {"file": path.name, "sha256": sha256, "gone": gone})
    return kept


def describe_warm_start(context: SearchContext, searcher: Searcher) -> dict[str, Any]:
    """For the facts of a search: the searches, and what there is to say of them. Nothing of a search without any."""
    if not context.spec.warm_start:
        return {}
    gone = context.store.known(NAME)["gone"]
    notes = [f"the search {name} was deleted before this one began: nothing is taken over from it" for name in gone]
    if not context.taken.searches:
        notes.append("no earlier search suits: this one begins without any")
    elif not searcher.uses_earlier:
        notes.append(f"the searcher {searcher.name} proposes as without them; what they trained is not trained again")
    return {"warm_start": {"searches": context.taken.searches, "notes": notes}}


def notes_of_warm_start(facts: dict[str, Any]) -> list[str]:
    """What its user is told of it."""
    begun = facts.get("warm_start", {"searches": [], "notes": []})
    worth = {True: "networks with one are not trained again", False: "of another task, as a hint"}
    searches = [
        f"{search['trainings']} trainings of {search['name']}: {worth[search['same']]}" for search in begun["searches"]
    ]
    return [f"warm start: {text}" for text in (*searches, *begun["notes"])]
