"""One search, locked for one transaction."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, update

from nas.jobs import tables
from nas.jobs.errors import FencedError, NotFoundError
from nas.jobs.records import Lease, SearchRecord
from nas.jobs.rows import SEARCHES, read_search, waiting
from nas.jobs.states import TERMINAL, SearchState
from nas.sql.database import Database

_DECIDED = frozenset(
    {"name", "labels", "priority", "max_trials", "state", "state_reason", "state_message", "deleted_at"}
    | {"facts", "target_latency_ms"}
)
"""Columns whose change raises the version. With progress among them no client could change a running search."""

# Built once: building a statement takes longer than running it.
_THIS = tables.search.c.id == bindparam("this")
_LOCK = SEARCHES.where(_THIS).with_for_update(of=tables.search)
_WRITE = update(tables.search).where(_THIS)
_EVENTS = insert(tables.event)


class SearchTransaction:
    """Collects changes of a search and its events; write() writes them together."""

    def __init__(self, connection: Connection, values: Mapping[str, Any]) -> None:
        self.connection = connection
        self.values = dict(values)
        self._changed: set[str] = set()
        self._events: list[dict[str, Any]] = []

    @property
    def id(self) -> str:
        return str(self.values["id"])

    @property
    def state(self) -> SearchState:
        return SearchState(self.values["state"])

    @property
    def at(self) -> datetime:
        """The database's clock at the start of the transaction."""
        at: datetime = self.values["now"]
        return at

    @property
    def seq(self) -> int:
        """Number of the last event so far."""
        return int(self.values["last_seq"])

    def set(self, **values: Any) -> None:
        changed = {name for name, value in values.items() if self.values[name] != value}
        if changed & _DECIDED and "version" not in self._changed:
            values["version"] = self.values["version"] + 1
            changed.add("version")
        self.values |= values
        self._changed |= changed

    def count(self, **differences: int) -> None:
        self.set(**{name: self.values[name] + difference for name, difference in differences.items()})

    def event(self, kind: str, /, **data: Any) -> int:
        """Add an event; returns its number."""
        self.set(last_seq=self.seq + 1)
        self._events.append({"search_id": self.id, "seq": self.seq, "type": kind, "at": self.at, "data": data})
        return self.seq

    def move(self, state: SearchState, reason: str | None = None, message: str | None = None) -> int:
        """Change the state and add the event; returns the event's number.

        States in which no dispatcher is needed end the lease: the owner's further writes are refused.
        """
        self.set(state=state.value, state_reason=reason, state_message=message, transition_at=self.at)
        if state in TERMINAL:
            self.set(ended_at=self.at)
        if state in TERMINAL or state in (SearchState.PAUSED, SearchState.QUEUED):
            self.set(owner=None, lease_until=None, epoch=self.values["epoch"] + 1, phase=None, progress=None)
        return self.event("search.state", state=state.value, reason=reason, message=message)

    def wait(self, what: str) -> None:
        """Show that nothing of the search runs; what: it waits for."""
        self.set(**waiting(self.values, what))
        self.event("search.phase", phase=self.values["phase"])
        self.event("search.progress", **self.values["progress"])

    def record(self) -> SearchRecord:
        return read_search(self.values)

    def write(self) -> None:
        if not self._changed:
            return
        values = {name: self.values[name] for name in self._changed}
        self.connection.execute(_WRITE, {"this": self.id, **values})
        if self._events:
            self.connection.execute(_EVENTS, self._events)


@contextmanager
def search_transaction(database: Database, search_id: str, *, deleted: bool = False) -> Iterator[SearchTransaction]:
    """A client's transaction. NotFoundError if there is no such search, or it is deleted and deleted is false."""
    with database.writing() as connection:
        values = locked_search(connection, search_id)
        if values is None or (values["deleted_at"] is not None and not deleted):
            raise NotFoundError(f"no search {search_id}")
        transaction = SearchTransaction(connection, values)
        yield transaction
        transaction.write()


@contextmanager
def owner_transaction(database: Database, lease: Lease) -> Iterator[SearchTransaction]:
    """The owner's transaction. FencedError if another owner has a newer lease."""
    with database.writing() as connection:
        values = locked_search(connection, lease.search_id)
        if values is None or (values["epoch"], values["owner"]) != (lease.epoch, lease.owner):
            raise FencedError(f"search {lease.search_id} is not {lease.owner}'s any more; stop working on it")
        transaction = SearchTransaction(connection, values)
        yield transaction
        transaction.write()


def locked_search(connection: Connection, search_id: str) -> dict[str, Any] | None:
    """The search's row, locked until the transaction ends, with the database's clock as `now`. None: no such search."""
    row = connection.execute(_LOCK, {"this": search_id}).mappings().one_or_none()
    return None if row is None else dict(row)
