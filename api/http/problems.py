"""Errors as problem details (RFC 9457): what went wrong, by a stable reason, and what to do about it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NamedTuple

from nas.errors import NasError

MEDIA_TYPE = "application/problem+json"
DOCS = "/docs/problems"

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}|[0-9]{1,9}")


class FieldFault(NamedTuple):
    """field: a dotted path into the request, as in `objective.target_latency_ms`."""

    field: str
    message: str

    @classmethod
    def in_body(cls, parts: Iterable[Any], message: str) -> "FieldFault":
        """What cannot be the name of a field is left out: it may be a secret."""
        return cls(".".join(text if _NAME.fullmatch(text := str(part)) else "..." for part in parts) or "body", message)


@dataclass(frozen=True, slots=True)
class Reason:
    """remedy: what a client can do."""

    status: HTTPStatus
    title: str
    remedy: str


_S = HTTPStatus
REASONS: Mapping[str, Reason] = {
    "JSON_INVALID": Reason(
        _S.BAD_REQUEST,
        "The body is not JSON that the service accepts",
        "Send UTF-8 JSON (RFC 8259) without NaN or Infinity, with numbers of at most 64 bits, without NUL or half a "
        "surrogate pair in its text, and nested at most 64 deep.",
    ),
    "KEY_MISSING": Reason(
        _S.UNAUTHORIZED,
        "An API key is needed",
        "Send `Authorization: Bearer nas_...`, or sign in with POST /v1/session. `nas key create` makes a key.",
    ),
    "KEY_INVALID": Reason(
        _S.UNAUTHORIZED,
        "The API key or session is not valid",
        "It is mistyped, expired or revoked. Ask for a new one, or sign in again.",
    ),
    "SCOPE_MISSING": Reason(
        _S.FORBIDDEN,
        "The key's scopes do not allow this",
        "Use a key with the scope that the message names. `write` includes `read`, `admin` includes all.",
    ),
    "CROSS_SITE": Reason(
        _S.FORBIDDEN,
        "A page of another site may not change anything here",
        "Use the dashboard at the service's own address, or send an API key in the Authorization header.",
    ),
    "HOST_REFUSED": Reason(
        _S.FORBIDDEN,
        "An open service answers under its loopback names and the allowed ones only",
        "Call it as localhost, 127.0.0.1 or [::1]; list the name that a proxy forwards in NAS_ALLOWED_HOSTS; or start "
        "it with keys, without --open.",
    ),
    "NOT_FOUND": Reason(
        _S.NOT_FOUND, "There is nothing at this address", "Check the id; a deleted search answers so, too."
    ),
    "METHOD_NOT_ALLOWED": Reason(
        _S.METHOD_NOT_ALLOWED,
        "The address does not accept this method",
        "The header Allow lists the methods that it accepts.",
    ),
    "STATE_TRANSITION": Reason(
        _S.CONFLICT,
        "The state does not allow this",
        "Read the resource again: its state says what is possible. An ended search cannot be paused, a running one not "
        "deleted.",
    ),
    "DATASET_IN_USE": Reason(
        _S.CONFLICT,
        "A search or an export that is not finished uses the data set",
        "The message names the searches: wait until they have ended, or cancel them.",
    ),
    "NOT_MEASURED": Reason(
        _S.CONFLICT,
        "The device has no measurements for this",
        "Measure it first: `nas device measure`, or `nas space profile` on the device.",
    ),
    "AGENT_REFUSED": Reason(
        _S.CONFLICT,
        "The agent may not do this",
        "The message gives the reason: a token that another machine uses, a name that is taken, or a later start of "
        "the same agent.",
    ),
    "LEASE_LOST": Reason(
        _S.CONFLICT,
        "The batch is no longer leased to this agent",
        "Discard its results and lease the next batch; its requests are measured again.",
    ),
    "DELETED": Reason(
        _S.GONE,
        "The search that this idempotency key made was deleted",
        "Bring it back with :undelete, or use a new key.",
    ),
    "VERSION_MISMATCH": Reason(
        _S.PRECONDITION_FAILED,
        "It was changed since it was read",
        "Read it again, and send the new ETag in If-Match.",
    ),
    "REQUEST_SLOW": Reason(
        _S.REQUEST_TIMEOUT,
        "The request did not arrive in time",
        "Send it again, on a new connection; the service closes connections that are slower than 1000 bytes a second.",
    ),
    "BODY_TOO_LARGE": Reason(
        _S.REQUEST_ENTITY_TOO_LARGE,
        "The body is too large",
        "JSON is limited to 1 MiB; the limit of uploads is in the message.",
    ),
    "MEDIA_TYPE_UNSUPPORTED": Reason(
        _S.UNSUPPORTED_MEDIA_TYPE,
        "The body's media type is not accepted here",
        "Send `Content-Type: application/json`; uploads are multipart/form-data.",
    ),
    "RANGE_NOT_SATISFIABLE": Reason(
        _S.REQUESTED_RANGE_NOT_SATISFIABLE,
        "The file has no such range",
        "Ask for bytes inside the file; the header Content-Range gives its size.",
    ),
    "REQUEST_INVALID": Reason(
        _S.UNPROCESSABLE_ENTITY,
        "A parameter, header or field is wrong",
        "`errors` names each of them; /openapi.json describes what is right.",
    ),
    "SPEC_INVALID": Reason(
        _S.UNPROCESSABLE_ENTITY,
        "The search cannot be carried out as specified",
        "`errors` names each field. GET /v1/catalogue lists plugins with their parameters.",
    ),
    "NAME_UNKNOWN": Reason(
        _S.UNPROCESSABLE_ENTITY,
        "No plugin, space, network or device has this name",
        "The message lists the known names, as GET /v1/catalogue does.",
    ),
    "NOTATION_INVALID": Reason(
        _S.UNPROCESSABLE_ENTITY,
        "The text is not the notation of a network",
        "The message points at the part that cannot be read.",
    ),
    "ARCHITECTURE_INVALID": Reason(
        _S.UNPROCESSABLE_ENTITY, "The network cannot be built at its shapes", "The message says which part, and why."
    ),
    "SPACE_INFEASIBLE": Reason(
        _S.UNPROCESSABLE_ENTITY,
        "The space has no valid member",
        "Change the options of the stages that the message names, or raise the limits.",
    ),
    "DATA_UNUSABLE": Reason(
        _S.UNPROCESSABLE_ENTITY, "The data set is absent, damaged or unfit", "The message says what to change."
    ),
    "RECORD_INVALID": Reason(
        _S.UNPROCESSABLE_ENTITY,
        "The results of a measurement are not valid",
        "The message names the field; use an agent of the service's version.",
    ),
    "VALUE_REFUSED": Reason(
        _S.UNPROCESSABLE_ENTITY,
        "Text or a number that cannot be stored",
        "Leave out NUL and half surrogate pairs, and use finite numbers.",
    ),
    "PAGE_TOKEN_INVALID": Reason(
        _S.UNPROCESSABLE_ENTITY,
        "The page token does not belong to this list",
        "Use next_page_token as it was given, with the same filter and order; or start again without it.",
    ),
    "IDEMPOTENCY_KEY_REUSED": Reason(
        _S.UNPROCESSABLE_ENTITY,
        "The idempotency key was used for another request",
        "Use a new key for each request that is meant as a new one.",
    ),
    "VERSION_REQUIRED": Reason(
        _S.PRECONDITION_REQUIRED,
        "A change must say which version it changes",
        "Send the ETag that was read in If-Match; `If-Match: *` changes whatever is there.",
    ),
    "BUSY": Reason(
        _S.TOO_MANY_REQUESTS,
        "The service works on as many such requests as it can",
        "Send it again after Retry-After seconds.",
    ),
    "RATE_EXCEEDED": Reason(
        _S.TOO_MANY_REQUESTS,
        "The key or client asks for more than one may",
        "Send it again after Retry-After seconds, or ask for less. The message names the limit, which is a setting.",
    ),
    "INTERNAL": Reason(
        _S.INTERNAL_SERVER_ERROR,
        "The service failed",
        "This is a defect of the service. Please report it with the request_id, under which the log has the details.",
    ),
    "LEDGER_UNAVAILABLE": Reason(
        _S.SERVICE_UNAVAILABLE,
        "The database does not answer",
        "Try again after Retry-After seconds. GET /readyz and `nas doctor` say what is wrong.",
    ),
    "STORAGE_FULL": Reason(
        _S.INSUFFICIENT_STORAGE,
        "The disk of the service is full",
        "Free some space, or ask the operator of the service to.",
    ),
    "DEVICES_UNAVAILABLE": Reason(
        _S.SERVICE_UNAVAILABLE,
        "The latency database cannot be used",
        "Free its disk, correct its rights, or set NAS_LATENCY_DB to another file.",
    ),
    "COMPRESSORS_UNAVAILABLE": Reason(
        _S.SERVICE_UNAVAILABLE,
        "The compressors cannot be described here",
        "This part of the service is installed without torch. GET /v1/presets works; docs/compression.md has them all.",
    ),
}
"""Every reason that a client can receive; a reason never changes its meaning."""


class ProblemError(NasError):
    """A request that is answered with a problem. errors: the fields at fault, if any."""

    def __init__(
        self,
        reason: str,
        detail: str,
        *,
        errors: Sequence[FieldFault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.reason = reason
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


def problems(*reasons: str) -> dict[int | str, dict[str, Any]]:
    """The error responses of a route for its OpenAPI: by status, the reasons."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    found: dict[int | str, list[str]] = {}
    for reason in reasons:
        found.setdefault(REASONS[reason].status.value, []).append(reason)
    return {status: {"description": ", ".join(names), "content": content} for status, names in found.items()}


def kebab(reason: str) -> str:
    """The reason as the anchor of its paragraph in the documentation."""
    return reason.lower().replace("_", "-")
