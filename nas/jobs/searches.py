"""Searches, as a client sees and steers them."""

from datetime import datetime
from typing import Any

from nas.jobs.records import Idempotency, SearchRecord


class Searches:
    def submit(
        self,
        spec: dict[str, Any],
        *,
        name: str,
        labels: dict[str, str] | None = None,
        priority: int = 0,
        parent_id: str | None = None,
        idempotency: Idempotency | None = None,
    ) -> tuple[SearchRecord, bool]:
        raise NotImplementedError

    def get(self, search_id: str, *, deleted: bool = False) -> SearchRecord:
        raise NotImplementedError

    def page(
        self,
        *,
        states: tuple[str, ...] = (),
        text: str = "",
        limit: int = 50,
        after: tuple[Any, ...] | None = None,
        order: str = "-created_at",
    ) -> list[SearchRecord]:
        """after: the place (see place) of the last record of the page before."""
        raise NotImplementedError

    def place(self, record: SearchRecord, order: str) -> tuple[Any, ...]:
        """JSON values that say where record stands in this order."""
        raise NotImplementedError

    def change(self, search_id: str, version: int | None = None, **fields: Any) -> SearchRecord:
        raise NotImplementedError

    def request(self, search_id: str, verb: str) -> SearchRecord:
        raise NotImplementedError

    def delete(self, search_id: str) -> SearchRecord:
        raise NotImplementedError

    def undelete(self, search_id: str) -> SearchRecord:
        raise NotImplementedError

    def purge(self, before: datetime) -> int:
        raise NotImplementedError
