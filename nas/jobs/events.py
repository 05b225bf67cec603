"""The events of searches, read."""

from collections.abc import Iterable

from nas.jobs.records import EventRecord


class Events:
    def after(self, search_id: str, seq: int = 0, limit: int = 1000) -> list[EventRecord]:
        raise NotImplementedError

    def positions(self, search_ids: Iterable[str]) -> dict[str, int]:
        raise NotImplementedError
