"""The OpenAPI of the service: what FastAPI finds, with the errors that every route can answer."""

import json
import re
from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.http.problems import problems
from api.http.root_path import served
from api.schemas.common import Problem

DESCRIPTION = """Hardware-aware neural architecture search: submit a search, watch it, download ONNX files.

Errors are problem details (RFC 9457) with a stable `reason`; each is explained at [/docs/problems]({problems}).
Lists come in pages: send `next_page_token` back as `page_token` until it is null. Times are RFC 3339, UTC."""

_REFERENCE = re.compile(r'"#/components/schemas/(\w+)"')
PROSE = frozenset({"title", "description", "examples", "default"})
"""Parts of a schema that no type depends on."""
COMMON: dict[int | str, dict[str, Any]] = problems(
    "KEY_MISSING",
    "KEY_INVALID",
    "SCOPE_MISSING",
    "CROSS_SITE",
    "NOT_FOUND",
    "METHOD_NOT_ALLOWED",
    "REQUEST_INVALID",
    "BUSY",
    "RATE_EXCEEDED",
    "INTERNAL",
    "LEDGER_UNAVAILABLE",
)
WITH_BODY: dict[int | str, dict[str, Any]] = problems("JSON_INVALID", "BODY_TOO_LARGE", "MEDIA_TYPE_UNSUPPORTED")


def describe(app: FastAPI) -> dict[str, Any]:
    """The document; made once."""
    if app.openapi_schema is None:
        about = DESCRIPTION.format(problems=served("/docs/problems"))
        schema = get_openapi(title=app.title, version=app.version, description=about, routes=app.routes)
        if root := served(""):
            schema["servers"] = [{"url": root}]
        components = schema.setdefault("components", {}).setdefault("schemas", {})
        own = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        components |= own.pop("$defs", {}) | {"Problem": own}
        for operations in schema["paths"].values():
            for operation in operations.values():
                _complete(operation)
        app.openapi_schema = schema
    return app.openapi_schema


def resources(app: FastAPI, names: Iterable[str]) -> dict[str, Any]:
    """The schemas of these names, and those that they refer to, without prose: an OpenAPI document without paths."""
    known = describe(app)
    schemas: dict[str, Any] = {}
    waiting = sorted(names, reverse=True)
    while waiting:
        if (name := waiting.pop()) not in schemas:
            schemas[name] = _bare(known["components"]["schemas"][name])
            waiting += _REFERENCE.findall(json.dumps(schemas[name]))
    info = {"title": app.title, "version": app.version}
    ordered = dict(sorted(schemas.items()))
    return {"openapi": known["openapi"], "info": info, "paths": {}, "components": {"schemas": ordered}}


def _bare(schema: Any) -> Any:
    """A schema as its types alone."""
    if isinstance(schema, list):
        return [_bare(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if key not in PROSE}
    if "properties" in kept and kept.get("additionalProperties") is True:  # types name the fields that are known
        del kept["additionalProperties"]
    return {
        key: {name: _bare(part) for name, part in value.items()} if key == "properties" else _bare(value)
        for key, value in kept.items()
    }


def _complete(operation: dict[str, Any]) -> None:
    more = COMMON | (WITH_BODY if "requestBody" in operation else {})
    for status, response in more.items():
        known = operation["responses"].setdefault(str(status), response)
        if "application/json" in known.get("content", {}) and str(status) == "422":
            operation["responses"]["422"] = response  # FastAPI's own, which is never sent
