"""Checks of what is inside a spec's fields: parameters of plugins, the recipe of finalists, the space."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from pydantic import ValidationError

from nas.dataset import dataset
from nas.errors import NasError, SpecError, UnknownNameError
from nas.evaluator import EARLIER, evaluator, rank_check_of, start_of
from nas.faults import reason
from nas.registry import settable
from nas.search.devices import check_objective
from nas.search.pruner import check_pruner
from nas.searcher import searcher
from nas.spaces import load_space
from nas.spec.references import check_entry
from nas.training import FINALISTS

NO_IMAGES = {"name": "fashion_mnist_mini"}
"""In place of a `dataset` that is wrong or missing, while the rest of a spec is checked."""

RecipeFields = settable(FINALISTS, "epochs", "time_budget_s")
"""The fields of finalists.recipe; the epochs are finalists.epochs, and no clock ends so long a training."""


def wrong_inside(spec: Mapping[str, Any], devices: Sequence[str]) -> Iterator[NasError]:
    """What is wrong with plugins' parameters, the recipe and the space."""
    checks: list[Callable[[], object]] = [
        lambda: dataset.checked(spec["dataset"], "dataset") if spec["dataset"] != NO_IMAGES else None,
        lambda: check_objective(devices, spec["objective"]),
        lambda: _check_searcher(spec["searcher"]),
        lambda: evaluator.checked(spec["evaluator"], "evaluator"),
        lambda: check_pruner(spec["pruner"], spec["evaluator"], devices, spec["objective"]),
        lambda: _check_recipe(spec["finalists"].recipe),
        lambda: _check_repeats(spec),
        lambda: _check_inherit(spec),
        lambda: _check_start(spec),
        lambda: _check_baseline(spec),
        lambda: _check_teacher(spec),
        *(partial(check_entry, number, reference) for number, reference in enumerate(spec["references"])),
        lambda: _check_space(spec),
        lambda: _check_evaluator_of_space(spec),
    ]
    for check in checks:
        try:
            check()
        except NasError as error:
            yield error


def _check_searcher(config: Mapping[str, Any]) -> None:
    checked = dict(searcher.checked(config, "searcher"))
    searcher[config["name"]].check(**checked)


def _check_recipe(recipe: Mapping[str, Any]) -> None:
    try:
        RecipeFields.model_validate(recipe)
    except ValidationError as error:
        raise SpecError(reason(error, "finalists.recipe", RecipeFields)) from None


def _check_repeats(spec: Mapping[str, Any]) -> None:
    name = spec["evaluator"].get("name")  # its own check says that it is missing
    if name is not None and spec["finalists"].repeats and not evaluator[name].trains:
        raise SpecError(
            f"finalists.repeats: the evaluator {name} does not train networks, so that another seed says nothing new "
            "of them; leave repeats out"
        )


def _check_inherit(spec: Mapping[str, Any]) -> None:
    name = spec["evaluator"].get("name")  # its own check says that it is missing
    if name is not None and spec["finalists"].inherit and not evaluator[name].inherits:
        able = ", ".join(other for other in evaluator if evaluator[other].inherits)
        raise SpecError(
            f"finalists.inherit: the evaluator {name} has no weights to start from; write false, or take one of: {able}"
        )
    if spec["finalists"].inherit and spec["finalists"].recipe.get("whitened"):
        raise SpecError("finalists.recipe.whitened: finalists keep the filters that they inherit; leave whitened out")
    if name is not None and spec["finalists"].inherit and _may_train(spec["evaluator"]):
        raise SpecError(
            "finalists.inherit: where the rank check leaves trials to be trained there are no shared weights to start "
            "from; write false, or another value than train for evaluator.otherwise"
        )


def _check_start(spec: Mapping[str, Any]) -> None:
    name = spec["evaluator"].get("name")  # its own check says that it is missing
    if name in evaluator and start_of(spec["evaluator"]) == EARLIER and not spec["warm_start"]:
        raise SpecError(
            f"evaluator.start: {EARLIER} is of the searches in warm_start, which names none; name a search of the "
            "space with finalists there"
        )


def _may_train(given: Mapping[str, Any]) -> bool:
    """Whether trials may be trained in place of being scored."""
    with suppress(SpecError):  # said by the evaluator's own check
        check = rank_check_of(given)
        return check is not None and check.otherwise == "train"
    return False


def _check_baseline(spec: Mapping[str, Any]) -> None:
    if spec["baseline"] and spec["pruner"]:
        raise SpecError(
            "baseline: a pruner stops trainings of the search early, so that as many trials are not of equal cost; "
            "leave baseline or pruner out"
        )


def _check_teacher(spec: Mapping[str, Any]) -> None:
    name = spec["evaluator"].get("name")  # its own check says that it is missing
    if name is not None and spec["teacher"] and spec["teacher"].trials and not evaluator[name].follows_teacher:
        raise SpecError(
            f"teacher.trials: the evaluator {name} does not learn from a teacher; write false, and finalists do"
        )


def _check_space(spec: Mapping[str, Any]) -> None:
    try:
        coded = load_space(spec["space"]).has_codes
        if coded and spec["finalists"].compression:
            raise SpecError(
                "finalists.compression: the space decides on precisions of stages, so its networks are compressed "
                "already; leave compression out, or precision out of the space"
            )
        if coded and spec["finalists"].recipe.get("whitened"):
            raise SpecError(
                "finalists.recipe.whitened: whitened filters are floats, and the space decides on precisions of "
                "stages; leave whitened out, or precision and density out of the space"
            )
    except UnknownNameError:
        raise
    except NasError as error:
        message = str(error)
        is_placed = message.startswith(("space.", "finalists."))
        raise SpecError(message if is_placed else f"space: {message}") from None


def _check_evaluator_of_space(spec: Mapping[str, Any]) -> None:
    try:
        parameters, space = evaluator.checked(spec["evaluator"], "evaluator"), load_space(spec["space"])
    except NasError:  # their own checks say why
        return
    if refusal := evaluator[spec["evaluator"]["name"]].refusal(space, parameters):
        raise SpecError(f"evaluator: {refusal}")
