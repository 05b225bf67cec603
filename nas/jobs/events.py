"""Reads the events of searches."""

from collections.abc import Iterable

from sqlalchemy import select

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
