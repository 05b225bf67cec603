"""A fresh search for another target or device over the weights that the networks of a search share: its spec."""

from collections.abc import Mapping
from typing import Any

from nas.errors import SpecError
from nas.metric import device_of
from nas.retargeting.goal import config_on, limits_of, own_devices, target_on
from nas.search.devices import with_changes

CANDIDATES = 256
"""Networks that a fresh search scores unless it is said how many."""

LEFT_OUT = ("baseline", "zero_cost", "pruner")
"""Fields of a spec that are about trainings of trials, or compare searchers."""


def fresh_spec(
    spec: Mapping[str, Any],
    facts: Mapping[str, Any],
    *,
    parent: str,
    device: str | None = None,
    target_ms: float | None = None,
    candidates: int = CANDIDATES,
) -> dict[str, Any]:
    """The spec of a search, in JSON values, for a target on a device; by default those of the search.

    Images, space, evaluator and seed stay, which shared weights are known by, and so do the searcher and the limits. It
    begins with what the search has scored. No finalists and no references are trained. spec, facts: of the search, once
    it has begun. parent: what it is called in a warm_start. SpecError if there is no target, or if a check of shared
    weights made the search train its trials.
    """
    if _fell_to_train(facts):
        raise SpecError(
            "the check of the shared weights made this search train its trials one by one, so there is nothing to "
            "search without training: submit its spec with the other target or device"
        )
    own = own_devices(spec, facts)
    name = device or own[0].name
    on = next((each for each in own if each.name == name), None)
    goal = config_on(spec["objective"], on, target_ms=target_ms or target_on(own, name))
    if limits := limits_of(goal):
        goal["limits"] = {metric: most for metric, most in limits.items() if not device_of(metric)} or None
    changes = {
        "device": name,
        "objective": goal,
        "max_trials": candidates,
        "warm_start": [parent],
        "finalists": {**spec.get("finalists", {}), "count": 0},
        "references": [],
    }
    return with_changes({field: value for field, value in spec.items() if field not in LEFT_OUT}, changes)


def _fell_to_train(facts: Mapping[str, Any]) -> bool:
    check = facts.get("evaluator", {}).get("check")
    return bool(check) and check["otherwise"] == "train" and not check["beats_size"]


def check_shared(known: object, evaluator: str) -> None:
    """SpecError if a search has kept no shared weights. known: what it has under nas.search.earlier.PREPARED."""
    if known is None:
        raise SpecError(
            f"there are no shared weights to search over: {evaluator} has none, or has not trained them yet; "
            "take a search whose evaluator is supernet, once it has begun its trials"
        )
