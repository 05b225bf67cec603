"""Links of files to searches and trials, written inside a turn."""

from sqlalchemy import delete
from sqlalchemy import insert as plain_insert

from nas.jobs import tables
from nas.jobs.database import insert
from nas.jobs.records import File
from nas.jobs.turn import Turn


def attach(turn: Turn, file: File, trial: int | None) -> None:
    """Link the file, in place of one of that name of the same trial."""
    size = {"sha256": file.sha256, "size_bytes": file.size_bytes}
    new = insert(turn.connection, tables.artifact).values(**size, media_type=file.media_type, created_at=turn.at)
    turn.connection.execute(new.on_conflict_do_nothing())
    link = tables.artifact_link
    same = (link.c.search_id == turn.id, link.c.number.is_not_distinct_from(trial), link.c.file == file.file)
    turn.connection.execute(delete(link).where(*same))
    turn.connection.execute(
        plain_insert(link).values(search_id=turn.id, number=trial, kind=file.kind, file=file.file, sha256=file.sha256)
    )
    turn.event("artifact.added", trial=trial, kind=file.kind, file=file.file, **size)
