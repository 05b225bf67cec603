"""The dashboard's types are those of the service."""

import json

import pytest

from api.openapi import resources
from build_dashboard import BUILT_FROM, OPENAPI, description

REMEDY = "run `make dashboard` (or python scripts/build_dashboard.py), and commit api/dashboard/openapi.json"


def test_the_types_are_generated_from_the_schemas_of_this_version():
    assert OPENAPI.read_text(encoding="utf-8") == description(), f"openapi.json is stale: {REMEDY}"


def test_the_built_dashboard_knows_the_schemas_of_this_version():
    if not (BUILT_FROM.parent / "index.html").exists():
        pytest.skip("no dashboard is built: make dashboard")
    built = BUILT_FROM.read_text(encoding="utf-8") if BUILT_FROM.exists() else None

    assert built == OPENAPI.read_text(encoding="utf-8"), f"api/dashboard/dist is stale: {REMEDY}"


def test_the_description_is_types_without_prose(open_client):
    described = json.loads(description())["components"]["schemas"]

    assert described["Best"] == {
        "properties": {"trial": {"type": "integer"}, "reward": {"type": "number"}},
        "type": "object",
        "required": ["trial", "reward"],
    }
    problem = resources(open_client.app, ["Problem"])["components"]["schemas"]
    assert problem.keys() == {"Problem", "FieldProblem"}
    assert problem["Problem"]["properties"]["title"] == {"type": "string"}
