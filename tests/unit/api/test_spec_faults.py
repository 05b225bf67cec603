"""All that is wrong with a spec is said at once, in plain words, and misspelt names are recognised."""

import json

import pytest
from problem import assert_problem

from nas.errors import SpecError, UnknownNameError
from nas.spec import load_spec, parse_spec

WRONG = {
    "dataset": {"name": "folder", "path": "photos", "sise": 64},
    "max_trails": 8,
    "parallel": 0,
    "searcher": {"name": "evolutoin"},
    "evaluator": {"name": "train", "optimizer": "adam", "epochs": 1.5},
    "finalists": {"count": "many", "recipe": {"learning_rat": 1}},
    "references": [{"name": "mobilenetv1", "width": -1}],
}
FOUND = {
    "max_trails": "there is no such field; did you mean max_trials?",
    "parallel": "give at least 1",
    "finalists.count": "give a whole number",
    "dataset.sise": "there is no such field; did you mean size?",
    "searcher": "no searcher named 'evolutoin'; did you mean evolution?",
    "evaluator.optimizer": "did you mean adamw?",
    "evaluator.epochs": "give a whole number",
    "references.0.width": "give more than 0",
}


def test_every_wrong_field_is_named_at_once():
    with pytest.raises(SpecError) as caught:
        parse_spec(WRONG)

    lines = dict(line.split(": ", 1) for line in str(caught.value).splitlines())
    assert lines.keys() == FOUND.keys()
    for field, said in FOUND.items():
        assert said in lines[field]


def test_a_recipe_and_plugins_are_named_at_once_where_the_rest_is_right():
    spec = {"dataset": "fashion_mnist_mini", "searcher": "radnom", "finalists": {"recipe": {"learning_rat": 1}}}

    with pytest.raises(SpecError) as caught:
        parse_spec(spec)

    assert "did you mean random?" in str(caught.value)
    assert "finalists.recipe.learning_rat: there is no such field; did you mean learning_rate?" in str(caught.value)
    with pytest.raises(UnknownNameError, match=r"did you mean random\?"):
        parse_spec({"dataset": "fashion_mnist_mini", "searcher": "radnom"})


def test_rest_names_the_same_faults(open_client, tmp_path):
    (tmp_path / "own.yaml").write_text("secret: 1")
    answer = open_client.post("/v1/searches", json={**WRONG, "space": str(tmp_path / "own.yaml")})

    errors = {error["field"]: error["message"] for error in assert_problem(answer, 422, "REQUEST_INVALID")["errors"]}

    assert errors.keys() == {*FOUND, "space"}
    assert all(said in errors[field] for field, said in FOUND.items())
    assert "no space named" in errors["space"]


def test_paths_are_relative_to_the_file(tmp_path, monkeypatch):
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs/own.yaml").write_text(
        "{name: own, resolution: 8, stem: {width: 8}, stages: [{blocks: [conv], layers: 1, width: 8}]}"
    )
    spec = tmp_path / "specs/spec.json"
    spec.write_text(json.dumps({"dataset": "folder:photos", "space": "own.yaml"}))
    monkeypatch.chdir(tmp_path)

    loaded = load_spec(spec)
    assert loaded.dataset == {"name": "folder", "path": str(tmp_path / "specs/photos")}
    assert loaded.space == str(tmp_path / "specs/own.yaml")

    (tmp_path / "photos").mkdir()
    with pytest.raises(SpecError, match=r"dataset\.path: .*write \.\./photos for the photos in the current folder"):
        load_spec(spec)
    (tmp_path / "specs/photos").mkdir()
    assert load_spec(spec) == loaded
