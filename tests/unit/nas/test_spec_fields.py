"""Every field of a spec is described, once, wherever it is shown."""

import json

import pytest
from click.testing import CliRunner

from nas.commands.spec import check, explain
from nas.errors import SpecError
from nas.evaluator import evaluator
from nas.spec.fields import explained, search_schema, spec_fields


@pytest.mark.parametrize("field", spec_fields(), ids=lambda field: field.name)
def test_a_field_has_a_meaning_a_default_and_values(field):
    """Give it nas.registry.described(meaning, when, limits), and run scripts/write_reference.py."""
    assert field.meaning
    assert field.values


def test_fields_are_in_every_place_where_users_write_them():
    named = {field.name: field for field in spec_fields()}

    epochs = named["evaluator.train.epochs"]
    assert (epochs.path, epochs.default, epochs.values) == ("evaluator.epochs", "2", "a whole number, above 0")
    assert named["dataset.folder.path"].default == "required"
    assert named["finalists.recipe.learning_rate"].default == "0.006"
    assert named["space.stages.width"].default == "required"
    for name, parameter in evaluator.describe("train")["parameters"]["properties"].items():
        assert named[f"evaluator.train.{name}"].meaning == parameter["description"]


def test_a_plugin_is_described_for_being_there(monkeypatch):
    """A field that a plugin adds is in the schema and the reference without an edit."""
    monkeypatch.setattr(evaluator, "describe", lambda name: _described(name, evaluator.parameters(name)))

    assert [field.meaning for field in explained("evaluator.train.fresh")] == ["as new"]


def _described(name, model):
    schema = model.model_json_schema()
    schema["properties"]["fresh"] = {"type": "integer", "description": "as new", "default": 1}
    return {"name": name, "summary": "", "parameters": schema}


def test_labels_say_whose_epochs_they_are():
    schema = search_schema()
    train = next(
        of for of in schema["properties"]["evaluator"]["oneOf"] if of["properties"]["name"]["const"] == "train"
    )

    assert train["properties"]["epochs"]["title"] == "Trials: epochs"
    assert schema["$defs"]["Finalists"]["properties"]["count"]["title"] == "Count"  # the form puts finalists before it
    assert schema["properties"]["max_trials"]["title"] == "Max trials"


def test_explaining_one_field_or_all():
    one = CliRunner().invoke(explain, ["finalists.count"]).output
    assert "0 for none" in one
    assert "at most 100" in one
    assert [row["path"] for row in json.loads(CliRunner().invoke(explain, ["epochs", "--json"]).output)] == [
        "evaluator.epochs",  # of supernet
        "evaluator.epochs",  # of train
        "finalists.epochs",
        "finalists.compression.epochs",
    ]
    assert "max_trials" in CliRunner().invoke(explain).output
    with pytest.raises(SpecError, match="did you mean max_trials"):
        explained("max_trails")


def test_a_file_is_checked_without_its_images(tmp_path):
    path = tmp_path / "spec.yaml"
    path.write_text("dataset: folder:photos\n")

    assert CliRunner().invoke(check, [str(path)]).output == f"{path} is a spec.\n"
