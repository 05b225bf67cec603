"""Descriptions of a search's data set, space, device and objective, as report and dashboard show them."""

from collections.abc import Mapping
from inspect import getdoc
from typing import Any

from latency_db.devices.device import Device
from latency_db.records.record import Statistic
from nas.dataset import Dataset
from nas.evaluator import Evaluator
from nas.objective import Objective
from nas.objective import objective as objectives
from nas.searcher import Searcher
from nas.space import Space
from nas.spec import Plugin


def describe_run(images: Dataset, devices: Mapping[str, Device], chosen: Searcher, given: Plugin) -> dict[str, Any]:
    """All that is known of a search once it has begun. devices: by their names in the spec. given: the objective as the
    spec has it.
    """
    first, *_ = described = [_device(device) for device in devices.values()]
    targets = zip(devices, described, chosen.problem.objective.targets.items(), strict=True)
    several = [
        {**device, "name": name, "metric": metric, "target_latency_ms": target}
        for name, device, (metric, target) in targets
    ]
    return {
        "dataset": _dataset(images),
        "space": _space(chosen.problem.space),
        "device": first,
        **({"devices": several} if len(several) > 1 else {}),
        "searcher": {"name": chosen.name, "note": chosen.note},
        "objective": _objective(chosen.problem.objective, given),
    }


TRAINED = "the share of the validation images that is right, each network trained by itself"


def describe_evaluator(made: Evaluator, *, inherit: bool, check: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """For the facts of a search: what the accuracy of its trials is, where it is not that of trained networks, and what
    finalists start from. check: as nas.proxy.rank_check has found, once it has.
    """
    if made.note is None and check is None:
        return {}
    start = "their part of the shared weights" if inherit else "random weights"
    note = made.note or TRAINED
    if made.note and check and check["correction"]:
        note += ", corrected by kinds of blocks"
    return {"evaluator": {"name": made.name, "note": note, "start": start, **describe_check(check)}}


def describe_check(found: Mapping[str, Any] | None) -> dict[str, Any]:
    """What its check has found, without its networks. Nothing without a check."""
    if found is None:
        return {}
    return {"check": {name: value for name, value in found.items() if name not in {"rows", "correction"}}}


def notes_of_evaluator(facts: dict[str, Any]) -> list[str]:
    """What its user is told of it."""
    described = facts.get("evaluator")
    if described is None:
        return []
    return [f"accuracy of trials: {described['note']}; finalists are trained from {described['start']}"]


def notes_of_searcher(facts: dict[str, Any]) -> list[str]:
    """What its user is told of it."""
    note = facts["searcher"]["note"]
    return [] if note is None else [note]


def _dataset(images: Dataset) -> dict[str, Any]:
    return {
        "name": images.name,
        "classes": list(images.classes),
        "train": len(images.train),
        "validation": len(images.validation),
        "test": len(images.test),
        "side": images.side,
        "channels": images.channels,
        "digest": images.digest,
        "notes": [note.row() for note in images.notes],
    }


def _space(space: Space[Any]) -> dict[str, Any]:
    """The size is a string: a number in JSON is not exact beyond 2^53."""
    return {"name": space.name, "size": str(space.size())}


def _device(device: Device) -> dict[str, Any]:
    return {
        "name": device.name,
        "runtime": device.runtime,
        "runtime_version": device.runtime_version,
        "precision": device.precision,
        "threads": device.threads,
        "cpu": device.fingerprint["cpu"],
        "statistic": Statistic.of(device).meaning,
    }


_SIZE_TERM = ("target_size_bytes", "size_alpha", "size_beta")


def _objective(objective: Objective, given: Plugin) -> dict[str, Any]:
    """The objective's parameters, with the target that was determined for it."""
    parameters = {**given, "target_latency_ms": objective.target_latency_ms}
    name = parameters.pop("name")
    described = objectives.parameters(name).model_validate(parameters).model_dump(mode="json")
    if described["limits"] is None:
        del described["limits"]  # as in the facts of searches from before there were any
    if described.get("metrics", ()) is None:  # likewise
        del described["metrics"]
    if described.get("target_size_bytes") is None:  # likewise
        described = {key: value for key, value in described.items() if key not in _SIZE_TERM}
    return {
        "name": name,
        **described,
        "steers": objective.steers,
        "formula": (getdoc(type(objective)) or objective.name).splitlines()[0],
        "note": objective.note,
    }
