"""Frozen dataclasses as JSON values, and back with every type checked: the form in which agents send records."""

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from latency_db.errors import RecordError

T = TypeVar("T")


def to_wire(value: Any, *, without: frozenset[str] = frozenset()) -> Any:
    """JSON value of numbers, text, None, enumerations, times, tuples, mappings and dataclasses of them.

    without: names of fields that are left out at every level.
    """
    if is_dataclass(value) and not isinstance(value, type):
        named = ((field.name, getattr(value, field.name)) for field in fields(value) if field.name not in without)
        return {name: to_wire(inner, without=without) for name, inner in named}
    if isinstance(value, Mapping):
        return {str(key): to_wire(inner, without=without) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [to_wire(inner, without=without) for inner in value]
    return value.isoformat() if isinstance(value, datetime) else value


def from_wire(kind: type[T], value: Any, where: str = "value", **given: Any) -> T:
    """The dataclass from its to_wire value. given: the fields that were left out.

    RecordError names a field that is missing, unknown or of another type. Numbers must be finite.
    """
    hints = get_type_hints(kind)
    wanted = {field.name for field in fields(kind)} - set(given)  # type: ignore[arg-type]  # kind is a dataclass
    if not isinstance(value, Mapping) or set(value) != wanted:
        raise RecordError(f"{where}: must be an object with exactly the fields {', '.join(sorted(wanted))}")
    return kind(**given, **{name: _read(hints[name], value[name], f"{where}.{name}") for name in wanted})


def _read(kind: Any, value: Any, where: str) -> Any:
    origin = get_origin(kind) or kind
    if origin in (Union, UnionType):
        if value is None and NoneType in get_args(kind):
            return None
        (kind,) = (part for part in get_args(kind) if part is not NoneType)
        return _read(kind, value, where)
    if is_dataclass(origin):
        return from_wire(origin, value, where)  # type: ignore[arg-type]  # a class here
    if origin is tuple and isinstance(value, list):
        return tuple(_read(get_args(kind)[0], inner, f"{where}.{place}") for place, inner in enumerate(value))
    if origin is Mapping and isinstance(value, Mapping):
        return dict(value)
    return _read_scalar(origin, value, where)


def _read_scalar(kind: Any, value: Any, where: str) -> Any:
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    if isinstance(kind, type) and issubclass(kind, StrEnum) and value in list(kind):
        return kind(value)
    if type(value) is kind and kind in (str, int, bool):
        return value
    if kind is datetime and isinstance(value, str):
        with suppress(ValueError):
            return datetime.fromisoformat(value)
    raise RecordError(f"{where}: not a valid {getattr(kind, '__name__', kind)}")
