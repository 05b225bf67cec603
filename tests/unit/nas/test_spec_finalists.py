"""How a spec says that finalists are trained."""

from dataclasses import replace

import pytest

from nas.errors import SpecError
from nas.spec import SearchSpec, parse_spec
from nas.training import FINALISTS


def spec(**finalists: object) -> SearchSpec:
    return parse_spec({"dataset": "fashion_mnist_mini", "finalists": finalists})


def test_what_a_recipe_leaves_out_is_the_finalists_default() -> None:
    given = spec(epochs=30, recipe={"flip": False, "learning_rate": 0.01}).finalists

    assert given.training == replace(FINALISTS, epochs=30, flip=False, learning_rate=0.01)
    assert spec(epochs=7).finalists.training == replace(FINALISTS, epochs=7)


def test_the_trials_recipe_does_not_reach_the_finalists() -> None:
    found = parse_spec({"dataset": "fashion_mnist_mini", "evaluator": {"name": "train", "optimizer": "rmsprop"}})

    assert found.finalists.training.optimizer == FINALISTS.optimizer


def test_a_spec_without_a_recipe_is_stored_as_before_there_was_one() -> None:
    assert spec(count=2).model_dump(mode="json")["finalists"] == {"count": 2, "epochs": 10}
    kept = spec(recipe={"shift": 0.1}).model_dump(mode="json")
    assert parse_spec(kept).finalists == spec(recipe={"shift": 0.1}).finalists


@pytest.mark.parametrize(
    ("recipe", "field"),
    [
        ({"optimizer": "adam"}, "optimizer"),
        ({"shift": 2}, "shift"),
        ({"epochs": 3}, "epochs"),
        ({"time_budget_s": 3}, "time_budget_s"),
        ({"flips": True}, "flips"),
        ({"cutout": False}, "cutout"),  # no number, though Python has it as one
        ({"learning_rate": "0.1"}, "learning_rate"),
    ],
)
def test_a_wrong_field_is_named(recipe: dict[str, object], field: str) -> None:
    with pytest.raises(SpecError, match=rf"^finalists\.recipe\.{field}: "):
        spec(recipe=recipe)


def test_the_schema_shows_the_defaults_of_each_field() -> None:
    properties = SearchSpec.model_json_schema()["$defs"]["Finalists"]["properties"]["recipe"]["properties"]

    assert properties["optimizer"]["default"] == FINALISTS.optimizer
    assert not {"epochs", "time_budget_s"} & set(properties)
