"""The catalogue and the schema of a search, against the plugins themselves."""

import subprocess
import sys

import jsonschema
import pytest
from pictures import photos
from problem import assert_problem

from api.catalogue import FAMILIES
from nas.compression.presets import PRESETS
from nas.compressor import compressor
from nas.errors import NasError
from nas.metric import metrics
from nas.spaces import known_spaces
from nas.spec import parse_spec


def test_every_plugin_is_listed_with_a_summary_and_a_schema(open_client):
    shown = open_client.get("/v1/catalogue").json()

    for family, registry in FAMILIES.items():
        assert [row["name"] for row in shown[family]] == list(registry)
        for row in shown[family]:
            assert row["summary"]
            jsonschema.Draft202012Validator.check_schema(row["parameters"])
    assert [row["name"] for row in shown["spaces"]] == list(known_spaces())
    assert "local-cpu-1t" in [row["name"] for row in shown["devices"]]
    assert {row["name"]: row["available"] for row in shown["datasets"]}["fashion_mnist_mini"] is True


def test_every_metric_is_listed_with_how_it_is_shown(open_client):
    shown = open_client.get("/v1/metrics").json()["items"]

    assert shown == open_client.get("/v1/catalogue").json()["metrics"]
    assert [row["name"] for row in shown] == list(metrics())
    assert {"name": "macs", "heading": "MACs", "better": "lower", "style": "prefixed"}.items() <= shown[3].items()


def test_every_preset_is_a_plan_of_compressors_that_are_listed(open_client):
    presets = open_client.get("/v1/presets").json()["items"]
    shown = open_client.get("/v1/compressors").json()["items"]

    assert [row["name"] for row in presets] == list(PRESETS)
    assert [row["name"] for row in shown] == list(compressor)
    schemas = {row["name"]: row["parameters"] for row in shown}
    for stage in (stage for row in presets for stage in row["stages"]):
        parameters = {name: value for name, value in stage.items() if name != "name"}
        jsonschema.validate(parameters, schemas[stage["name"]])


def test_without_torch_presets_are_listed_and_compressors_are_refused(open_client, monkeypatch):
    monkeypatch.setattr("api.catalogue.find_spec", lambda _: None)

    assert open_client.get("/v1/presets").status_code == 200
    assert_problem(open_client.get("/v1/compressors"), 503, "COMPRESSORS_UNAVAILABLE")


def test_no_path_of_this_machine_is_sent(open_client):
    assert "/home" not in (text := open_client.get("/v1/catalogue").text)
    assert "site-packages" not in text
    assert '"where"' not in text


@pytest.fixture(scope="module")
def schema(open_client):
    shown = open_client.get("/v1/schemas/search").json()
    jsonschema.Draft202012Validator.check_schema(shown)
    return shown


INLINE = {
    "name": "mine",
    "resolution": 28,
    "stem": {"width": 8},
    "stages": [{"blocks": ["conv", {"mbconv": {"kernel": 3, "se": [0, 0.25]}}], "layers": [0, 1], "width": 8}],
}
RIGHT = [
    {"dataset": {"name": "fashion_mnist_mini"}},
    {"dataset": {"name": "folder", "path": "mine", "size": 32}, "max_trials": 1, "name": "first", "priority": -5},
    {
        "dataset": {"name": "mnist", "download": True},
        "space": "mobile",
        "searcher": {"name": "evolution", "population": 4},
    },
    {
        "dataset": {"name": "mnist", "download": True},
        "space": INLINE,
        "evaluator": {"name": "train", "epochs": 1, "ema_decay": None},
    },
    {"dataset": {"name": "mnist", "download": True}, "space": {"name": "photos", "resolution": 96}},
    {
        "dataset": {"name": "mnist", "download": True},
        "objective": {"name": "mnasnet", "target_latency_ms": 0.1, "alpha": 0},
    },
    {"dataset": {"name": "mnist", "download": True}, "references": [{"name": "resnet_20"}], "finalists": {"count": 0}},
]
WRONG = [
    {},
    {"dataset": {"name": "folder"}},
    {"dataset": {"name": "nothing"}},
    {"dataset": {"name": "mnist", "more": 1}},
    {"dataset": {"name": "mnist"}, "space": "nowhere"},
    {"dataset": {"name": "mnist"}, "space": {**INLINE, "stages": [{"blocks": ["what"], "layers": 1, "width": 8}]}},
    {"dataset": {"name": "mnist"}, "space": {"name": "photos", "resolution": 96, "colour": 1}},
    {"dataset": {"name": "mnist"}, "space": {"name": "photo", "resolution": 96}},
    {"dataset": {"name": "mnist"}, "searcher": {"name": "evolution", "population": 0}},
    {"dataset": {"name": "mnist"}, "objective": {"name": "constrained", "target_latency_ms": -1}},
    {"dataset": {"name": "mnist"}, "evaluator": {"name": "train", "precision": "int1"}},
    {"dataset": {"name": "mnist"}, "references": [{"name": "resnet_20", "classes": 7}]},
    {"dataset": {"name": "mnist"}, "max_trials": 0},
    {"dataset": {"name": "mnist"}, "unknown": 0},
]


@pytest.mark.parametrize("body", RIGHT)
def test_the_schema_takes_what_the_service_takes(open_client, schema, body, service_home):
    photos(service_home / "data-root/mine")

    jsonschema.validate(body, schema)

    assert open_client.post("/v1/searches", params={"validate_only": True}, json=body).status_code == 200


@pytest.mark.parametrize("body", WRONG)
def test_the_schema_refuses_what_the_library_refuses(schema, body):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(body, schema)
    with pytest.raises(NasError):
        parse_spec(body)


def test_the_schema_says_enough_for_a_form(schema):
    """Each choice has a title, and each field that needs one a description and a default."""
    fields = schema["properties"]
    assert fields["space"]["anyOf"][0]["enum"] == list(known_spaces())
    assert "local-cpu-1t" in fields["device"]["examples"]
    assert fields["objective"]["default"] == {"name": "constrained"}
    for field in ("dataset", "space", "device", "objective", "searcher", "evaluator", "max_trials", "finalists"):
        assert fields[field]["description"]
    for variant in fields["searcher"]["oneOf"]:
        assert variant["title"] == variant["properties"]["name"]["const"]
        assert all("default" in own for key, own in variant["properties"].items() if key != "name")


def test_a_key_is_needed(locked_client):
    for path in ("/v1/catalogue", "/v1/schemas/search", "/v1/spaces", "/v1/devices", "/v1/datasets"):
        assert_problem(locked_client.get(path), 401, "KEY_MISSING")


def test_the_routes_load_neither_torch_nor_ray_nor_a_runtime():
    code = (
        "import sys, api.app; print([m for m in ('torch', 'ray', 'onnx', 'onnxruntime', 'PIL.ImageFile') "
        "if m in sys.modules])"
    )

    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
