"""What outlives a search: artifacts, whose content is in an ArtifactStore, and results of trainings."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, select

from nas.jobs import tables
from nas.jobs.errors import NotFoundError
from nas.jobs.records import ArtifactLink, ArtifactRecord, Json, TrainingKey
from nas.jobs.rows import read_artifact, read_link
from nas.sql.column_types import now
from nas.sql.database import Database, insert


class Artifacts:
    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, sha256: str) -> ArtifactRecord:
        """NotFoundError if the ledger has none of that digest."""
        with self._database.reading() as connection:
            found = connection.execute(select(tables.artifact).where(tables.artifact.c.sha256 == sha256)).one_or_none()
        if found is None:
            raise NotFoundError(f"no artifact {sha256}")
        return read_artifact(found)

    def links(self, search_id: str, trial: int | None = None) -> list[ArtifactLink]:
        """The search's files, in the order they came; of one trial, given its number."""
        link, artifact = tables.artifact_link, tables.artifact
        wanted = select(link, artifact.c.size_bytes, artifact.c.media_type).join(artifact)
        wanted = wanted.where(link.c.search_id == search_id).order_by(link.c.id)
        if trial is not None:
            wanted = wanted.where(link.c.number == trial)
        with self._database.reading() as connection:
            return [read_link(found) for found in connection.execute(wanted)]


class Trainings:
    """Finished trainings: what one search has trained, no other trains again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, key: TrainingKey, result: Mapping[str, Any]) -> None:
        """Keep what a training has come to, whoever owns the search by now; the first of equal trainings stands."""
        with self._database.writing() as connection:
            keep_training(connection, key, result)

    def get(self, key: TrainingKey) -> Json | None:
        """What that training has come to, if it was ever finished."""
        row = tables.training.c
        same = [row[name] == value for name, value in asdict(key).items()]
        with self._database.reading() as connection:
            result: Json | None = connection.scalar(select(row.metrics).where(*same))
            return result


def keep_training(connection: Connection, key: TrainingKey, result: Mapping[str, Any]) -> None:
    """As Trainings.put, in a transaction that is under way."""
    new = insert(connection, tables.training).values(**asdict(key), metrics=dict(result), created_at=now())
    connection.execute(new.on_conflict_do_nothing())
