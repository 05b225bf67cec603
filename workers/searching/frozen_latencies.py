"""The latencies that a search's oracle reads: as they were when the search began, and kept with it."""

import hashlib

from latency_db.estimating.freezing import freeze
from latency_db.storing.frozen import FrozenLatencies
from nas.files import write_whole
from workers.searching.context import SearchContext, SearchDevice

NAME = "frozen-latencies"


def frozen_latencies(context: SearchContext, device: SearchDevice) -> FrozenLatencies:
    """The latencies of a device, frozen now or by an earlier call.

    They are frozen again if their file is lost or damaged, which the listener is told: from there on the searcher reads
    others.
    """
    known = context.store.known(f"{NAME}{device.suffix}")
    if known:
        path = context.store.fetch(known["file"], known["sha256"])
        content = path.read_bytes() if path else b""
        if hashlib.sha256(content).hexdigest() == known["sha256"]:
            return FrozenLatencies.from_file(content)
        context.listener.say(f"{known['file']} is lost or damaged: the searcher goes on with latencies as they are now")
    return _freeze(context, device)


def _freeze(context: SearchContext, device: SearchDevice) -> FrozenLatencies:
    frozen = freeze(device.measurer.store, device.measurer.device)
    content = frozen.to_file()
    path = context.store.path / f"latencies-{frozen.digest}.json.gz"
    write_whole(path, content)
    context.store.publish(NAME, path.name)
    sha256 = hashlib.sha256(content).hexdigest()
    context.store.keep(f"{NAME}{device.suffix}", {"file": path.name, "sha256": sha256, "digest": frozen.digest})
    return frozen
