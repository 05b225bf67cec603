"""Finished trainings: what one search has trained, no other trains again."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, select

from nas.jobs import tables
from nas.jobs.records import Json, TrainingKey
from nas.sql.columns import now
from nas.sql.database import Database, insert


class Trainings:
    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, key: TrainingKey, result: Mapping[str, Any]) -> None:
        """Keep what a training has come to, whoever owns the search by now; the first of equal trainings stands."""
        with self._database.writing() as connection:
            keep(connection, key, result)

    def get(self, key: TrainingKey) -> Json | None:
        """What that training has come to, if it was ever finished."""
        row = tables.training.c
        same = [row[name] == value for name, value in asdict(key).items()]
        with self._database.reading() as connection:
            result: Json | None = connection.scalar(select(row.metrics).where(*same))
            return result


def keep(connection: Connection, key: TrainingKey, result: Mapping[str, Any]) -> None:
    """As Trainings.put, in a transaction that is under way."""
    new = insert(connection, tables.training).values(**asdict(key), metrics=dict(result), created_at=now())
    connection.execute(new.on_conflict_do_nothing())
