"""Reads the events of searches."""

from collections.abc import Iterable

from sqlalchemy import Connection, select

from nas.jobs import tables
from nas.jobs.records import EventRecord
from nas.jobs.rows import LedgerPart, read_event


class Events(LedgerPart):
    def after(self, search_id: str, seq: int = 0, limit: int = 1000) -> list[EventRecord]:
        """The first limit events after seq, in order; an empty list if there is no such search."""
        row = tables.event.c
        later = select(tables.event).where(row.search_id == search_id, row.seq > seq).order_by(row.seq).limit(limit)
        return [read_event(found) for found in self._all(later)]

    def positions(self, search_ids: Iterable[str]) -> dict[str, int]:
        """The seq of the last event by search, in one query. Searches that do not exist are left out."""
        row = tables.search.c
        found = self._all(select(row.id, row.last_seq).where(row.id.in_([*search_ids])))
        return {search.id: search.last_seq for search in found}


_RESULTS = ("trial.told", "trial.rung", "trial.epoch", "artifact.added")
_EPOCHS_IN = ("PREPARING", "CHECKING", "REPEATS", "BASELINE", "REFERENCES", "FINALISTS")
"""Phases in which progress is that of trainings."""

_EXAMINED = 1000
"""Number of events that are examined; more of measuring alone come within hours."""


def deaths_without_result(connection: Connection, search_id: str) -> int:
    """How many owners of the search have died in a row, without a result between them, as its notes say."""
    row, progress = tables.event.c, False
    kinds = (*_RESULTS, "search.note", "search.phase", "search.progress")
    latest = select(row.type, row.data).where(row.search_id == search_id, row.type.in_(kinds))
    for kind, data in connection.execute(latest.order_by(row.seq.desc()).limit(_EXAMINED)):
        if "deaths" in data:
            return int(data["deaths"])
        if kind in _RESULTS or (progress and data.get("phase") in _EPOCHS_IN):
            return 0
        progress = kind == "search.progress" or (progress and kind == "search.note")
    return 0
