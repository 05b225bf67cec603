"""What the stage int8 computes in integers for a latency: a recipe, and the members that stay in floats."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nas.compression.allocation.mixed import chosen, losses_in_integers, rows
from nas.compression.bench import Bench
from nas.compression.device_latencies import TargetDevice
from nas.compression.low_bits.integers import calibrated, calibration_images
from nas.dataset import Dataset
from nas.errors import CompressionError
from nas.files import write_whole
from nas.ops import Network
from nas.ops.onnx_graph import tensors_by_member
from nas.quantization.qdq import quantised


@dataclass(frozen=True, slots=True)
class Choice:
    """A recipe of integers; the members of the outermost sequence that stay in floats, and what they compute."""

    recipe: str
    members: frozenset[int] = frozenset()
    tensors: frozenset[str] = frozenset()

    def is_float(self, path: str) -> bool:
        """Whether the layer at a path is in a member that stays in floats."""
        return int(path.partition(".")[0]) in self.members


def choice(network: Network, model: bytes, max_latency_ms: float, integers: str, bench: Bench) -> Choice:
    """The choice for a latency on the target of the bench; it is noted, and kept beside the checkpoint, as latencies
    that are measured at the next call might be others.

    network: as its latencies are known; model: its float32 ONNX file. integers: the recipe that the stage asks for.
    CompressionError if there is no target, if its recipe is another, or if it is not fast enough.
    """
    if bench.target is None:
        raise CompressionError("max_latency_ms: there is no device to measure on; name one, with `--latency-device`")
    identity = [bench.target.name, max_latency_ms, integers, hashlib.sha256(model).hexdigest()]
    members = tensors_by_member(network)
    kept = bench.checkpoint.with_suffix(".mixed") if bench.checkpoint else None
    if kept and kept.exists() and (found := json.loads(kept.read_text()))["identity"] == identity:
        notes, recipe = found["notes"], found["recipe"]
    else:
        recipe, notes = _found(
            network,
            model,
            max_latency_ms=max_latency_ms,
            integers=integers,
            target=bench.target,
            dataset=bench.dataset,
        )
        if kept:
            write_whole(kept, json.dumps({"identity": identity, "recipe": recipe, "notes": notes}))
    for name, note in notes.items():
        bench.note(name, note)
    places = [row["member"] for row in notes["members"] if row["floats"]]
    return Choice(recipe, frozenset(places), _tensors(members, places))


def _found(
    network: Network, model: bytes, *, max_latency_ms: float, integers: str, target: TargetDevice, dataset: Dataset
) -> tuple[str, dict[str, Any]]:
    """The recipe of the target, and notes on the choice, by name."""
    latencies, members = target.members(network), tensors_by_member(network)
    if integers not in {"measured", latencies.recipe}:
        raise CompressionError(
            f"integers: {target.name} computes in {latencies.recipe}; leave `integers` out, or name a device that "
            f"computes in {integers}"
        )
    side = network.input.height
    how = calibrated(model, latencies.recipe, dataset, side)
    losses = losses_in_integers(model, how, members, list(calibration_images(dataset, side)))

    def file_ms(floats: Sequence[bool]) -> float | None:
        stay = [place for place, stays in enumerate(floats) if stays]
        return target.latency_ms(quantised(model, replace(how, floats=_tensors(members, stay))))

    mixed = chosen(losses, latencies, device=target.name, max_latency_ms=max_latency_ms, file_ms=file_ms)
    latency = {
        "device": target.name,
        "max_latency_ms": max_latency_ms,
        "summed_ms": mixed.summed_ms,
        "measured_ms": mixed.measured_ms,
        "floats_ms": latencies.sum_ms([True] * len(members)),
        "integers_ms": latencies.sum_ms([False] * len(members)),
    }
    return latencies.recipe, {"members": rows(losses, latencies, mixed), "latency": latency}


def _tensors(members: Sequence[Sequence[str]], places: Iterable[int]) -> frozenset[str]:
    return frozenset(name for place in places for name in members[place])
