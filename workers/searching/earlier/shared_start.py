"""What the weights that networks of a search share start from: finalists of earlier searches, kept with the search."""

from typing import Any

from nas.errors import ChangedError
from nas.evaluator import EARLIER, RANDOM, start_of
from nas.files import write_whole
from nas.search.earlier import SHARED_START, with_known_start
from nas.space import SearchSpace
from nas.spec import SearchSpec
from nas.supernet.trained import digest_of, fitting, packed, taken_share, trained_network
from workers.searching.context import SearchContext
from workers.searching.recording.progress_listener import ProgressListener
from workers.searching.recording.progress_store import ProgressStore


def with_start(spec: SearchSpec, store: ProgressStore, listener: ProgressListener, space: SearchSpace) -> SearchSpec:
    """The spec whose evaluator has the digest of what its preparation starts from, as found now or by an earlier call.

    The listener hears what that is. Other specs stay.
    """
    if start_of(spec.evaluator) != EARLIER:
        return spec
    kept = store.known(SHARED_START) or _freeze(spec, store, space)
    for line in kept["said"]:
        listener.say(line)
    return spec.model_copy(update={"evaluator": with_known_start(spec.evaluator, kept)})


def _freeze(spec: SearchSpec, store: ProgressStore, space: SearchSpace) -> dict[str, Any]:
    files, refused = fitting(space, store.earlier_files(spec))
    said = [f"shared weights do not start from {line}" for line in refused]
    kept: dict[str, Any] = {"sha256": None, "said": [*said, "no earlier finalist fits: shared weights start at random"]}
    if files:
        content = packed(files)
        digest = digest_of(content)
        write_whole(store.path / _file(digest), content)
        store.publish(SHARED_START, _file(digest))
        networks, share = taken_share(space, map(trained_network, files))
        of = f"{networks} trained network{'s' if networks > 1 else ''}, {share:.0%} of all"
        kept = {"sha256": digest, "said": [*said, f"shared weights start from the weights of {of}"]}
    known: dict[str, Any] = store.keep(SHARED_START, kept)
    return known


def start_content(context: SearchContext) -> bytes:
    """The trained networks that the context's evaluator starts from; nothing if it starts at random.

    ChangedError if they are lost or damaged.
    """
    digest = start_of(context.spec.evaluator)
    if digest == RANDOM:
        return b""
    path = context.store.fetch(_file(digest), digest)
    content = path.read_bytes() if path else b""
    if digest_of(content) != digest:
        raise ChangedError(
            "SHARED_START_LOST", f"{_file(digest)}, which the shared weights start from, is lost or damaged"
        )
    return content


def _file(digest: str) -> str:
    return f"{SHARED_START}-{digest[:16]}.bin"
