"""What outlives a search: artifacts, whose content is in an ArtifactStore, results of trainings, uploaded data sets."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Text, and_, delete, func, literal, or_, select, text, type_coerce, update

from nas.jobs import tables
from nas.jobs.records import ArtifactLink, ArtifactRecord, Json, References, TrainingKey, UploadUse
from nas.jobs.rows import LedgerPart, read_artifact, read_link
from nas.jobs.states import OPEN_EXPORTS, TERMINAL
from nas.sql.column_types import Instant, now
from nas.sql.database import insert

_artifact, _link, _export = tables.artifact.c, tables.artifact_link.c, tables.export.c
_USED_AGAIN = timedelta(days=1)
_last_use = func.coalesce(tables.training.c.used_at, tables.training.c.created_at, type_=Instant())
_search, _inquiry = tables.search.c, tables.inquiry.c
_DIGEST = re.compile(r"[0-9a-f]{64}")
UPLOADS = "uploads/"
"""What the path of an uploaded data set begins with, in a spec; the digest follows."""

TEACHERS = "teachers/"
"""What the model of a teacher begins with, in a spec; the digest of an artifact follows."""

_TEACHER = re.compile(rf"{TEACHERS}([0-9a-f]{{64}})")
_MODEL = "model"
"""The key under which the result of a training has the digest of the trained network's file, if it has one."""


class Artifacts(LedgerPart):
    def get(self, sha256: str) -> ArtifactRecord:
        """NotFoundError if the ledger has none of that digest."""
        return read_artifact(self._one(select(tables.artifact).where(_artifact.sha256 == sha256), f"artifact {sha256}"))

    def links(self, search_id: str, trial: int | None = None) -> list[ArtifactLink]:
        """The search's files, in the order in which they were added; those of one trial only if its number is given."""
        link, artifact = tables.artifact_link, tables.artifact
        wanted = select(link, artifact.c.size_bytes, artifact.c.media_type).join(artifact)
        wanted = wanted.where(link.c.search_id == search_id).order_by(link.c.id)
        if trial is not None:
            wanted = wanted.where(link.c.number == trial)
        return [read_link(found) for found in self._all(wanted)]

    def register(self, sha256: str, size_bytes: int) -> None:
        """Record content before it is put into the store; it is kept for a day even if nothing refers to it."""
        with self._database.writing() as connection:
            keep_artifact(connection, sha256, size_bytes, {"created_at": now()})

    def references(self) -> References:
        """The digests that searches, deleted searches and finished trainings refer to."""
        search = tables.search.c
        with self._database.reading() as connection:
            by_searches: dict[bool, set[str]] = {False: set(), True: set()}
            for table in (tables.artifact_link, tables.export):
                used = select(table.c.sha256, search.deleted_at.is_not(None).label("deleted")).join(tables.search)
                for row in connection.execute(used.where(table.c.sha256.is_not(None)).distinct()):
                    by_searches[row.deleted].add(row.sha256)
            for sha256, deleted in _teachers(connection):
                by_searches[deleted].add(sha256)
            results = select(tables.training.c.metrics)
            results = results.where(type_coerce(tables.training.c.metrics, Text).contains(f'"{_MODEL}":'))
            of_trainings = {result[_MODEL] for result in connection.scalars(results) if _MODEL in result}
        return References(frozenset(by_searches[False]), frozenset(by_searches[True]), frozenset(of_trainings))

    def unreferenced(self, min_age: timedelta) -> list[str]:
        """Digests that nothing refers to, and that were not added within min_age."""
        with self._database.reading() as connection:
            wanted = select(_artifact.sha256).where(_artifact.created_at <= _before(connection, min_age))
            wanted = wanted.where(_artifact.sha256.not_in(select(_link.sha256)))
            wanted = wanted.where(_artifact.sha256.not_in(select(_export.sha256).where(_export.sha256.is_not(None))))
            old = connection.scalars(wanted.order_by(_artifact.sha256)).all()
        used = self.references() if old else References(frozenset(), frozenset(), frozenset())
        return [sha256 for sha256 in old if sha256 not in used.trainings | used.searches | used.deleted_searches]

    @contextmanager
    def removing(self, digests: Sequence[str], min_age: timedelta) -> Iterator[list[str]]:
        """Yields those of the digests that can still be removed; their records are deleted when the block ends.

        digests: from unreferenced(). Until the block ends no process can add that content or refer to it. If the
        process is killed inside the block, the records stay, and unreferenced() finds the content again.
        """
        with self._database.writing() as connection:
            locked = select(_artifact.sha256, _artifact.created_at).where(_artifact.sha256.in_(digests))
            rows = connection.execute(locked.order_by(_artifact.sha256).with_for_update()).all()
            before = _before(connection, min_age)
            free = {row.sha256 for row in rows if row.created_at <= before}
            for column in (_link.sha256, _export.sha256):
                free -= {*connection.scalars(select(column).where(column.in_(free)))}
            free -= {sha256 for sha256, _ in _teachers(connection)}
            yield sorted(free)
            connection.execute(delete(tables.artifact).where(_artifact.sha256.in_(free)))


class Trainings(LedgerPart):
    """Finished trainings: a network that one search has trained is not trained again by another."""

    def put(self, key: TrainingKey, result: Mapping[str, Any]) -> None:
        """Store the result of a training, even if another dispatcher owns the search by now. The first result of equal
        trainings is kept.
        """
        with self._database.writing() as connection:
            keep_training(connection, key, result)

    def get(self, key: TrainingKey) -> Json | None:
        """The result of that training, or None if it was never finished. The time of use is recorded, to a day."""
        row = tables.training.c
        same = [row[name] == value for name, value in asdict(key).items()]
        with self._database.reading() as connection:
            known = select(row.metrics, _last_use.label("last_use"), now().label("now")).where(*same)
            found = connection.execute(known).one_or_none()
        if found is None:
            return None
        if found.now - found.last_use > _USED_AGAIN:
            with self._database.writing() as connection:
                connection.execute(update(tables.training).where(*same).values(used_at=now()))
        result: Json = found.metrics
        return result

    def forget(self, kept: timedelta) -> int:
        """Delete the results that no search has used within kept; returns their number. Their files go with the last
        search or export that refers to them.
        """
        with self._database.writing() as connection:
            old = delete(tables.training).where(_last_use <= _before(connection, kept))
            return connection.execute(old).rowcount


class Uploads(LedgerPart):
    """Which searches and inquiries need an uploaded data set, given the digest of its archive, which specs have in a
    path.
    """

    def named(self) -> frozenset[str]:
        """The digests of at least all uploads that searches name, deleted ones too, or inquiries that are not over."""
        searches, inquiries = type_coerce(_search.spec, Text), type_coerce(_inquiry.spec, Text)
        wanted = select(searches).where(searches.contains(UPLOADS))
        wanted_by_inquiries = select(inquiries).where(inquiries.contains(UPLOADS), _inquiry.ended_at.is_(None))
        with self._database.reading() as connection:
            specs = [*connection.scalars(wanted), *connection.scalars(wanted_by_inquiries)]
        return frozenset(digest for found in specs for digest in _DIGEST.findall(found))

    @contextmanager
    def uses(self, sha256: str) -> Iterator[UploadUse]:
        """The searches that name the upload, and inquiries that are not over. Inside the block none is submitted."""
        export = tables.export.c
        named = type_coerce(_search.spec, Text).contains(sha256)
        exporting = _search.id.in_(select(export.search_id).where(export.state.in_(OPEN_EXPORTS)))
        unfinished = and_(_search.deleted_at.is_(None), or_(_search.state.not_in(TERMINAL), exporting))
        with self._database.writing() as connection:
            if not self._database.is_sqlite:  # there only one process writes at a time
                connection.execute(text("LOCK TABLE search, inquiry IN SHARE ROW EXCLUSIVE MODE"))
            wanted = select(_search.id, unfinished.label("open")).where(named).order_by(_search.id)
            found = connection.execute(wanted).all()
            by_inquiry = (type_coerce(_inquiry.spec, Text).contains(sha256), _inquiry.ended_at.is_(None))
            inquiries = connection.scalars(select(_inquiry.id).where(*by_inquiry).order_by(_inquiry.id)).all()
            yield UploadUse(bool(found or inquiries), (*(row.id for row in found if row.open), *inquiries))


def _teachers(connection: Connection) -> Iterator[tuple[str, bool]]:
    """The digests of teachers that searches name, and whether these are deleted; and those of inquiries under way."""
    searches, inquiries = type_coerce(_search.spec, Text), type_coerce(_inquiry.spec, Text)
    wanted = select(searches.label("spec"), _search.deleted_at.is_not(None).label("deleted"))
    of_inquiries = select(inquiries.label("spec"), literal(value=False).label("deleted")).where(
        _inquiry.ended_at.is_(None)
    )
    for chosen in (wanted.where(searches.contains(TEACHERS)), of_inquiries.where(inquiries.contains(TEACHERS))):
        for row in connection.execute(chosen):
            yield from ((sha256, bool(row.deleted)) for sha256 in _TEACHER.findall(row.spec))


def keep_artifact(connection: Connection, sha256: str, size_bytes: int, known: Mapping[str, Any]) -> None:
    """Insert the record of content, or update it with known if there is one, in a transaction of the caller.

    The record is locked until the transaction ends, so that no other process removes it.
    """
    values = {"media_type": "application/octet-stream", "created_at": now(), **known}
    new = insert(connection, tables.artifact).values(sha256=sha256, size_bytes=size_bytes, **values)
    connection.execute(new.on_conflict_do_update(index_elements=["sha256"], set_=dict(known)))


def _before(connection: Connection, age: timedelta) -> datetime:
    """The database's clock minus age."""
    at: datetime = connection.execute(select(now())).scalar_one()
    return at - age


def keep_training(connection: Connection, key: TrainingKey, result: Mapping[str, Any]) -> None:
    """Does what Trainings.put does, in a transaction of the caller."""
    new = insert(connection, tables.training).values(**asdict(key), metrics=dict(result), created_at=now())
    connection.execute(new.on_conflict_do_nothing())
