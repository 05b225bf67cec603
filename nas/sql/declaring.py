"""Declarations that tables and migrations share: the names of constraints, and columns of one type."""

from typing import Any

from sqlalchemy import Column, Integer
from sqlalchemy.types import TypeEngine

CONSTRAINT_NAMES = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ix": "ix_%(table_name)s_%(column_0_name)s",
}

Type = TypeEngine[Any] | type[TypeEngine[Any]]


def required(kind: Type, *names: str) -> list[Column[Any]]:
    """Columns that are never NULL."""
    return [Column(name, kind, nullable=False) for name in names]


def optional(kind: Type, *names: str) -> list[Column[Any]]:
    """Columns that may be NULL."""
    return [Column(name, kind) for name in names]


def counters(kind: type[Integer], *names: str) -> list[Column[int]]:
    """Columns that are 0 in a new row."""
    return [Column(name, kind, nullable=False, server_default="0") for name in names]
