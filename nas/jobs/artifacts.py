"""Artifacts, read. Their content is in an ArtifactStore, under the same digest."""

from sqlalchemy import select

from nas.jobs import tables
from nas.jobs.errors import NotFoundError
from nas.jobs.records import ArtifactLink, ArtifactRecord
from nas.jobs.rows import read_artifact, read_link
from nas.sql.database import Database


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
