"""What all resources share."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, StringConstraints, TypeAdapter, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
LabelName = Annotated[str, StringConstraints(min_length=1, max_length=63)]
LabelValue = Annotated[str, StringConstraints(max_length=255)]
Labels = Annotated[dict[LabelName, LabelValue], Field(max_length=64)]
Json = dict[str, Any]
Metrics = dict[str, float | None]
Numbers = Annotated[Json, WithJsonSchema(TypeAdapter(Metrics).json_schema())]
"""Metrics as they were stored: whole numbers stay whole."""


def one_of(words: Iterable[str]) -> WithJsonSchema:
    """Describes a text as one of these words. Others are read too, as a newer service may send more."""
    return WithJsonSchema({"type": "string", "enum": list(words)})


@dataclass(frozen=True, slots=True)
class DescribedBy:
    """Describes a JSON object as this model, and passes it on unchanged: stored objects may have other fields, too."""

    model: type[BaseModel]

    def __get_pydantic_json_schema__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(TypeAdapter(self.model).core_schema)


class Received(BaseModel):
    """A body: unknown fields and numbers that are not finite are refused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Sent(BaseModel):
    """A resource, as the service sends it and the client returns it.

    Fields that a reader does not know are ignored, and enumerations may grow. The service sends every field; those with
    a default may be missing in the answer of an older service.
    """

    model_config = ConfigDict(from_attributes=True, frozen=True, json_schema_serialization_defaults_required=True)


class Stored(Sent):
    """A part of a resource that is sent as it was stored: with further fields, and without some that have a default."""

    model_config = ConfigDict(extra="allow", json_schema_serialization_defaults_required=False)


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


class ImagesNote(Sent):
    """What was left out, changed or guessed when images were read.

    kind: stable, for programs. count: how many files or images it is about; names: of the first hundred of them, as the
    user knows them.
    """

    kind: str
    count: int
    text: str
    names: list[str]
