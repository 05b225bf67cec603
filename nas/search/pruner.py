"""The pruner of a search: whether it fits the evaluator and the objective."""

from collections.abc import Mapping, Sequence
from typing import Any

from nas.errors import NasError, SpecError
from nas.evaluator import evaluator
from nas.objective import Objective, objective
from nas.pruner import Pruner, pruner
from nas.search.devices import check_objective, with_targets

Config = Mapping[str, Any]
"""A plugin of a spec: {"name": ..., **parameters}."""

FEWEST = 2
"""Epochs of an evaluation that can stop early."""


def made_pruner(config: Config | None, scorer: Config, aim: Objective) -> Pruner | None:
    """The pruner that config names, if it names one. SpecError if it does not fit the evaluator, scorer, or the aim."""
    if config is None:
        return None
    pruner.checked(config, "pruner")
    name = scorer["name"]
    epochs = evaluator[name].full_epochs(evaluator.checked(scorer, "evaluator"))
    if epochs is None:
        remedy = "leave evaluator.time_budget_s out" if scorer.get("time_budget_s") else "leave pruner out"
        raise SpecError(f"pruner: trials of the evaluator {name} cannot be compared after equal epochs; {remedy}")
    if epochs < FEWEST:
        raise SpecError(f"pruner: a training of {epochs} epochs cannot stop early; set evaluator.epochs to 2 or more")
    return pruner.make(config, aim, epochs)


def check_pruner(config: Config | None, scorer: Config, devices: Sequence[str], aim: Config) -> None:
    """SpecError as made_pruner; devices: of the search, whose targets the objective need not have yet.

    What is wrong with evaluator or objective by themselves is told elsewhere.
    """
    if config is None:
        return
    pruner.checked(config, "pruner")
    try:
        evaluator.checked(scorer, "evaluator")
        check_objective(devices, aim)
    except NasError:
        return
    made_pruner(config, scorer, _any_targets(devices, aim))


def trained_share(config: Config | None, scorer: Config, devices: Sequence[str], aim: Config) -> float:
    """About which share of its epochs a trial of a valid spec is trained for, in the mean."""
    if config is None:
        return 1.0
    made = made_pruner(config, scorer, _any_targets(devices, aim))
    return made.mean_epochs / made.epochs if made else 1.0


def _any_targets(devices: Sequence[str], aim: Config) -> Objective:
    """The objective, with some target on each device for which it has none."""
    return objective.make({**with_targets(devices, aim, dict.fromkeys(devices, 1.0)), **aim})
