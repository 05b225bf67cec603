"""The objective of a search with another target on one device."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from nas.metric import is_of_device
from nas.objective import LATENCY, MaxSizes, Objective, objective
from nas.report.results import OnDevice
from nas.search_devices import TARGET

STEERING = "constrained"
"""The objective that decides where that of a search has no use for a target."""


def goal_on(config: Mapping[str, Any], own: OnDevice | None, *, target_ms: float) -> Objective:
    """The objective with another target on one device; STEERING with its limits if the target has no part in it.

    Limits on latencies count on the first device of the search alone, which they were given for.
    """
    plain = {**config}
    if own is None or own.latency != LATENCY:
        plain["limits"] = {name: most for name, most in limits_of(config).items() if not is_of_device(name)} or None
    made = objective.make({**plain, TARGET: target_ms})
    if made.steers:
        return made
    limits = ("limits", *(field.name for field in fields(MaxSizes)))
    kept = {name: plain[name] for name in limits if name in plain}
    return objective.make({**kept, "name": STEERING, TARGET: target_ms})


def limits_of(config: Mapping[str, Any]) -> Mapping[str, float]:
    return config.get("limits") or {}
