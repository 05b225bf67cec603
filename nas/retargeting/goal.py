"""The objective of a search with another target on one device."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from nas.errors import SpecError
from nas.metric import is_of_device
from nas.objective import LATENCY, MaxSizes, Objective, objective
from nas.report.results import OnDevice, on_devices
from nas.search.devices import TARGET

STEERING = "constrained"
"""The objective that decides where that of a search has no use for a target."""


def own_devices(spec: Mapping[str, Any], facts: Mapping[str, Any]) -> tuple[OnDevice, ...]:
    """The devices of a search, by the names that its spec has for them; facts call a single one as its machine does."""
    found = tuple(on_devices(facts))
    return (replace(found[0], name=spec.get("device", found[0].name)),) if len(found) == 1 else found


def target_on(devices: tuple[OnDevice, ...], name: str) -> float:
    """The search's target on this device, in ms, or on its first if it is not its own. SpecError if there is none."""
    target_ms = next((device for device in devices if device.name == name), devices[0]).target_ms
    if target_ms is None:
        raise SpecError("the search has no target latency; give one")
    return target_ms


def goal_on(config: Mapping[str, Any], own: OnDevice | None, *, target_ms: float) -> Objective:
    """The objective with another target on one device; STEERING with its limits if the target has no part in it.

    Limits on latencies count on the first device of the search alone, which they were given for.
    """
    return objective.make(config_on(config, own, target_ms=target_ms))


def config_on(config: Mapping[str, Any], own: OnDevice | None, *, target_ms: float) -> dict[str, Any]:
    """What goal_on makes an objective of, in JSON values."""
    plain = {**config}
    if own is None or own.latency != LATENCY:
        plain["limits"] = {name: most for name, most in limits_of(config).items() if not is_of_device(name)} or None
    plain[TARGET] = target_ms
    if objective.make(plain).steers:
        return plain
    limits = ("limits", *(field.name for field in fields(MaxSizes)))
    kept = {name: plain[name] for name in limits if name in plain}
    return {**kept, "name": STEERING, TARGET: target_ms}


def limits_of(config: Mapping[str, Any]) -> Mapping[str, float]:
    return config.get("limits") or {}
