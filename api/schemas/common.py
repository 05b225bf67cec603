"""What all resources share."""

from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.convertors import StringConvertor, register_url_convertor

from api.http.problems import MEDIA_TYPE, REASONS


class IdConvertor(StringConvertor):
    """`{search_id:id}` in a path: without colon, so that `/searches/ID:pause` is no search."""

    regex = "[^/:]+"


register_url_convertor("id", IdConvertor())

SEARCH_ID = r"^srch_[0-9a-z]{26}$"
TRIAL_ID = r"^srch_[0-9a-z]{26}\.[0-9]{1,9}$"

SearchId = Annotated[str, Path(pattern=SEARCH_ID, examples=["srch_01kbs0jv3q8w5x2m7n4t6r9acd"])]
TrialId = Annotated[str, Path(pattern=TRIAL_ID, examples=["srch_01kbs0jv3q8w5x2m7n4t6r9acd.0"])]
ExportId = Annotated[str, Path(pattern=r"^exp_[0-9a-z]{26}$")]
KeyId = Annotated[str, Path(pattern=r"^key_[0-9a-z]{26}$")]
Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]

Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
LabelName = Annotated[str, StringConstraints(min_length=1, max_length=63)]
LabelValue = Annotated[str, StringConstraints(max_length=255)]
Labels = Annotated[dict[LabelName, LabelValue], Field(max_length=64)]
Json = dict[str, Any]
Metrics = dict[str, float | None]


class Received(BaseModel):
    """A body: unknown fields and numbers that are not finite are refused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Sent(BaseModel):
    """A resource. Clients are to ignore fields that they do not know; enumerations may grow."""

    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)


class FieldProblem(Sent):
    field: str
    message: str


class Problem(Sent):
    """RFC 9457. reason is stable; type leads to its documentation."""

    type: str
    title: str
    status: int
    detail: str
    reason: str
    request_id: str
    errors: list[FieldProblem] | None = None


def problems(*reasons: str) -> dict[int | str, dict[str, Any]]:
    """The error responses of a route for its OpenAPI: by status, the reasons."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    found: dict[int | str, list[str]] = {}
    for reason in reasons:
        found.setdefault(REASONS[reason].status.value, []).append(reason)
    return {status: {"description": ", ".join(names), "content": content} for status, names in found.items()}
