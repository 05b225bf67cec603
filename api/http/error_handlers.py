"""Every error as a problem: one handler for each family of exceptions. No input is ever echoed."""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import Match

from api.http.problems import DOCS, MEDIA_TYPE, REASONS, FieldFault, ProblemError, kebab
from api.http.root_path import served
from latency_db.errors import StoreError
from nas.errors import (
    DataError,
    InfeasibleError,
    InvalidArchitectureError,
    NasError,
    NotationError,
    NotMeasuredError,
    SpecError,
    UnknownNameError,
)

RETRY_AFTER_S = 2
SECURITY_HEADERS = {
    "content-security-policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}

MAX_FAULTS = 20
"""Faults of a request that are listed."""

MAX_DETAIL = 4000
"""Characters."""

_log = logging.getLogger("nas.api")
_SECRET = re.compile(r"nas_[0-9A-Za-z]{20,}\w*")
_FIELD = re.compile(r"([A-Za-z_][\w.-]{0,200}): (.+)", re.DOTALL)

_REASONS: dict[type[NasError], str] = {
    SpecError: "SPEC_INVALID",
    UnknownNameError: "NAME_UNKNOWN",
    NotationError: "NOTATION_INVALID",
    InvalidArchitectureError: "ARCHITECTURE_INVALID",
    InfeasibleError: "SPACE_INFEASIBLE",
    DataError: "DATA_UNUSABLE",
    NotMeasuredError: "NOT_MEASURED",
    StoreError: "DEVICES_UNAVAILABLE",
}
_STATUSES = {
    400: "JSON_INVALID",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "BODY_TOO_LARGE",
    415: "MEDIA_TYPE_UNSUPPORTED",
    416: "RANGE_NOT_SATISFIABLE",
}


def install(app: FastAPI) -> None:
    app.add_exception_handler(NasError, _nas_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(Exception, _unexpected)


def request_id(scope: Mapping[str, Any]) -> str:
    known: str = scope.get("state", {}).get("request_id", "")
    return known


def problem(
    scope: Mapping[str, Any],
    reason: str,
    detail: str,
    errors: Sequence[FieldFault] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The response for a reason of api.http.problems.REASONS."""
    known = REASONS[reason]
    content: dict[str, Any] = {
        "type": served(f"{DOCS}#{kebab(reason)}"),
        "title": known.title,
        "status": known.status.value,
        "detail": _SECRET.sub("nas_...", detail)[:MAX_DETAIL],
        "reason": reason,
        "request_id": request_id(scope),
    }
    if errors:
        content["errors"] = [
            {"field": fault.field, "message": _SECRET.sub("nas_...", fault.message)[:MAX_DETAIL]}
            for fault in errors[:MAX_FAULTS]
        ]
    sent = dict(headers or {})
    if known.status.value == 401:  # noqa: PLR2004 - Unauthorized
        sent["www-authenticate"] = "Bearer"
    if known.status.value == 503:  # noqa: PLR2004 - Service Unavailable
        sent["retry-after"] = str(RETRY_AFTER_S)
    return Response(json.dumps(content), known.status.value, sent, MEDIA_TYPE)


async def _nas_error(request: Request, error: Exception) -> Response:
    detail = str(error)
    if isinstance(error, ProblemError):
        return problem(request.scope, error.reason, detail, error.errors, error.headers)
    reason = getattr(error, "reason", None) or next(
        (reason for family, reason in _REASONS.items() if isinstance(error, family)), "INTERNAL"
    )
    if reason not in REASONS or reason == "INTERNAL":
        return await _unexpected(request, error)
    if REASONS[reason].status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("request %s: %s", request_id(request.scope), detail)
    if reason == "SPEC_INVALID":
        lines = detail.splitlines()
        return _listed(request.scope, reason, list(map(_line, lines[:MAX_FAULTS])), len(lines))
    return problem(request.scope, reason, detail)


def _line(text: str) -> FieldFault | str:
    """A line of a SpecError: `field: fault`, or another text."""
    match = _FIELD.fullmatch(text)
    return FieldFault.in_body(match[1].split("."), match[2]) if match else text


def _listed(scope: Mapping[str, Any], reason: str, lines: Sequence[FieldFault | str], count: int) -> Response:
    """The response for so many faults. lines: the first of them, or all."""
    more = [f"... and {count - len(lines):,} more"] if count > len(lines) else []
    shown = [f"{line.field}: {line.message}" if isinstance(line, FieldFault) else line for line in lines]
    return problem(scope, reason, "\n".join(shown + more), [line for line in lines if isinstance(line, FieldFault)])


async def _invalid(request: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else ()
    places = {fault["loc"][0] for fault in found}
    if "path" in places:
        return problem(request.scope, "NOT_FOUND", "There is nothing at this address.")
    if any(fault["type"] == "json_invalid" for fault in found):
        return problem(request.scope, "JSON_INVALID", "The body is not JSON.")
    body = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if any(fault["loc"] == ("body",) for fault in found) and body.startswith("multipart/"):
        return problem(request.scope, "MEDIA_TYPE_UNSUPPORTED", "This address accepts application/json.")
    faults = [_fault(fault["loc"], fault["msg"]) for fault in found[:MAX_FAULTS]]
    return _listed(request.scope, "REQUEST_INVALID", faults, len(found))


def _fault(location: Sequence[Any], message: str) -> FieldFault:
    """location: as pydantic has it. Names of parameters are ours; those in a body may be anything."""
    if location[0] == "body":
        return FieldFault.in_body(location[1:], message)
    return FieldFault(".".join(map(str, location[1:])), message)


async def http_error(request: Request, error: Exception) -> Response:
    status, headers = getattr(error, "status_code", 500), dict(getattr(error, "headers", None) or {})
    reason = _STATUSES.get(status, "INTERNAL")
    if reason == "METHOD_NOT_ALLOWED":
        headers["Allow"] = ", ".join(_methods(request)) or "GET, HEAD"
        return problem(request.scope, reason, f"{request.method} is not accepted here.", headers=headers)
    return problem(request.scope, reason, REASONS[reason].title + ".", headers=headers)


def _methods(request: Request) -> list[str]:
    """All methods that some route takes at the request's path."""
    found: set[str] = set()
    for context in iter_route_contexts(request.app.routes):
        route = context.original_route
        match, _ = route.matches(dict(request.scope))
        if match is not Match.NONE:
            found |= set(getattr(route, "methods", None) or ())
    return sorted(found)


async def _unexpected(request: Request, error: Exception) -> Response:
    _log.error("request %s failed", request_id(request.scope), exc_info=error)
    headers = {**SECURITY_HEADERS, "x-request-id": request_id(request.scope)}
    return problem(request.scope, "INTERNAL", "The service failed; the log has the details.", headers=headers)
