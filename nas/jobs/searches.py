"""Searches, as clients read and change them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Text,
    and_,
    delete,
    func,
    or_,
    select,
    true,
    tuple_,
    type_coerce,
    update,
)
from sqlalchemy import insert as plain_insert

from nas.jobs import tables, trial_changes
from nas.jobs.errors import DeletedError, IdempotencyError, NotFoundError, StateError, VersionError
from nas.jobs.records import Idempotency, Json, SearchRecord
from nas.jobs.rows import PACE, SEARCHES, LedgerPart, ownerless, read_search, values_as_made
from nas.jobs.search_transaction import SearchTransaction, locked_search, search_transaction
from nas.jobs.states import AT_REST, OPEN_EXPORTS, TERMINAL, VERBS, ExportState, SearchState
from nas.sql.column_types import Instant, now
from nas.sql.database import insert
from nas.sql.ids import new_id

KEYS_KEPT = timedelta(hours=24)
"""The least time for which an idempotency key is known while its search exists."""

CHANGEABLE = frozenset({"name", "labels", "priority", "max_trials"})

_search = tables.search.c
_ORDERS: dict[str, tuple[bool, tuple[ColumnElement[Any], ...]]] = {
    "created_at": (False, (_search.created_at, _search.id)),
    "-created_at": (True, (_search.created_at, _search.id)),
    "-priority": (True, (_search.priority, _search.created_at, _search.id)),
}
"""Orders by name: whether it is descending, and its columns."""

ORDERS = tuple(_ORDERS)

_PURGED_AT = datetime.fromtimestamp(0, UTC)
"""The value of deleted_at while the search's records are being deleted."""

_PARTS = (
    (tables.event.c.seq, 2000),
    (tables.log.c.n, 2000),
    (tables.metric.c.number, 100),
    (tables.attempt.c.number, 1000),
    (tables.trial.c.number, 1000),
)
"""Columns by which records of a search are deleted in parts, and how many numbers are a part."""

_EXPORTING = (tables.export.c.state == ExportState.RUNNING.value, ~tables.export_lease_over)
"""Exports that a dispatcher works on. No dispatcher claims those of a deleted search."""


class Searches(LedgerPart):
    def submit(
        self,
        spec: Mapping[str, Any],
        *,
        name: str,
        labels: Mapping[str, str] | None = None,
        priority: int = 0,
        parent_id: str | None = None,
        idempotency: Idempotency | None = None,
        confirm: Callable[[], object] = lambda: None,
    ) -> tuple[SearchRecord, bool]:
        """The new search and True; or, if the idempotency key was used before, the search as made then, and False.

        confirm: called once the search keeps its data set from being removed; if it raises, there is no search.
        IdempotencyError if the key was used for another request, DeletedError if its search was deleted.
        """
        search_id = new_id("srch")
        with self._database.writing() as connection:
            if idempotency is not None:
                first = _take_key(connection, idempotency, search_id)
                if first != search_id:
                    return _as_made(connection, locked_search(connection, first) or {}), False
            about = {"name": name, "labels": dict(labels or {}), "priority": priority, "parent_id": parent_id}
            values = about | {"id": search_id, "spec": dict(spec), "max_trials": spec["max_trials"]}
            at = connection.execute(select(now())).scalar_one()
            times = {"created_at": at, "transition_at": at}
            connection.execute(plain_insert(tables.search).values(state=SearchState.QUEUED.value, **values, **times))
            transaction = SearchTransaction(connection, locked_search(connection, search_id) or {})
            transaction.event("search.created", **about)
            transaction.write()
            confirm()
            return transaction.record(), True

    def get(self, search_id: str, *, deleted: bool = False) -> SearchRecord:
        """NotFoundError if there is none, or it is deleted and deleted is false."""
        wanted = SEARCHES.where(_search.id == search_id, true() if deleted else _search.deleted_at.is_(None))
        return read_search(self._one(wanted, f"search {search_id}")._asdict())

    def page(
        self,
        *,
        states: Sequence[str] = (),
        text: str = "",
        limit: int = 50,
        after: Sequence[Any] | None = None,
        order: str = "-created_at",
    ) -> list[SearchRecord]:
        """At most limit searches that are not deleted. text: contained in name, labels or id. after: position() of
        the last search of the page before. order: one of ORDERS.
        """
        falling, columns = _ORDERS[order]
        wanted = SEARCHES.where(_search.deleted_at.is_(None))
        if states:
            wanted = wanted.where(_search.state.in_(states))
        if text:
            words = (type_coerce(column, Text) for column in (_search.name, _search.labels, _search.id))
            wanted = wanted.where(or_(*(column.icontains(text, autoescape=True) for column in words)))
        if after is not None:
            positions = tuple_(*(_comparable(column) for column in columns))
            wanted = wanted.where(positions < tuple(after) if falling else positions > tuple(after))
        wanted = wanted.order_by(*(column.desc() if falling else column.asc() for column in columns)).limit(limit)
        return [read_search(found._asdict()) for found in self._all(wanted)]

    def paces(self, limit: int = 20) -> list[tuple[datetime, Json]]:
        """The paces of the newest searches that have one (nas.forecast.Pace), each with the time of its search."""
        row = tables.result.c
        known = select(_search.created_at, row.value).join(tables.search, _search.id == row.search_id)
        newest = known.where(row.name == PACE).order_by(_search.created_at.desc()).limit(limit)
        return [(found.created_at, found.value) for found in self._all(newest)]

    def tally(self) -> tuple[dict[str, int], datetime | None]:
        """Number of searches by state, and the time since which the first queued one waits (None: none is queued)."""
        counted = select(_search.state, func.count(), func.min(_search.transition_at)).group_by(_search.state)
        with self._database.reading() as connection:
            rows = connection.execute(counted.where(_search.deleted_at.is_(None))).all()
        waiting = next((since for state, _, since in rows if state == SearchState.QUEUED), None)
        return {state: count for state, count, _ in rows}, waiting

    def change(self, search_id: str, version: int | None = None, **fields: Any) -> SearchRecord:
        """Set name, labels, priority or max_trials. VersionError if version is given and is not the current one.

        StateError for max_trials of a search that has ended.
        """
        unknown = sorted(set(fields) - CHANGEABLE)
        if unknown:
            raise TypeError(f"not changeable: {', '.join(unknown)}")
        with search_transaction(self._database, search_id) as transaction:
            if version is not None and version != transaction.values["version"]:
                raise VersionError(
                    f"search {search_id} is at version {transaction.values['version']}, not {version}; read it again"
                )
            new = {name: value for name, value in fields.items() if transaction.values[name] != value}
            if "max_trials" in new and transaction.state in TERMINAL:
                raise StateError(
                    f"search {search_id} is {transaction.state}: its max_trials cannot be changed; fork it"
                )
            if new:
                transaction.set(**new)
                transaction.event("search.changed", fields=new)
            return transaction.record()

    def request(self, search_id: str, verb: str) -> SearchRecord:
        """pause, resume or cancel. If a dispatcher owns the search, it does so soon; otherwise it is done at once.

        Nothing changes if the search has the wanted state, or is about to. StateError if its state does not allow it.
        """
        with search_transaction(self._database, search_id) as transaction:
            goal = VERBS[verb].get(transaction.state)
            if goal is None:
                raise StateError(f"search {search_id} is {transaction.state}: it cannot {verb}")
            if ownerless(transaction.values):
                goal = AT_REST.get(goal, goal)
            if goal in AT_REST.values() and goal is not transaction.state:
                trial_changes.come_to_rest(transaction, goal)
            elif goal is not transaction.state:
                transaction.move(goal)
            return transaction.record()

    def delete(self, search_id: str) -> SearchRecord:
        """Hide it, until it is purged. StateError for a search that is queued or under way."""
        with search_transaction(self._database, search_id) as transaction:
            if transaction.state not in TERMINAL | {SearchState.PAUSED}:
                raise StateError(f"search {search_id} is {transaction.state}: it cannot be deleted; cancel it first")
            transaction.set(deleted_at=transaction.at)
            transaction.event("search.changed", fields={"deleted": True})
            return transaction.record()

    def undelete(self, search_id: str) -> SearchRecord:
        """NotFoundError if there is no such search, or its purge has begun."""
        with search_transaction(self._database, search_id, deleted=True) as transaction:
            if transaction.values["deleted_at"] == _PURGED_AT:
                raise NotFoundError(f"no search {search_id}")
            if transaction.values["deleted_at"] is not None:
                transaction.set(deleted_at=None)
                transaction.event("search.changed", fields={"deleted": False})
            return transaction.record()

    @contextmanager
    def at_rest(self, search_id: str, min_age: timedelta) -> Iterator[bool]:
        """Whether the search ended or was deleted at least min_age ago and no export of it is open.

        Then no process uses its scratch folder, and none can begin to inside the block.
        """
        with self._database.writing() as connection:
            values = locked_search(connection, search_id)
            yield values is not None and _at_rest(connection, values, min_age)

    @contextmanager
    def purging(self, kept: timedelta) -> Iterator[str | None]:
        """The id of a search deleted longer ago than kept, or None. It cannot be undeleted once the block has ended.

        purge_part() then deletes its records. A search whose purge was interrupted comes first.
        """
        with self._database.writing() as connection:
            before = connection.execute(select(now())).scalar_one() - kept
            exporting = select(tables.export.c.search_id).where(*_EXPORTING)
            wanted = select(_search.id).where(_search.deleted_at <= before, _search.id.not_in(exporting))
            wanted = wanted.order_by(_search.deleted_at, _search.id).limit(1)
            search_id = connection.scalar(wanted.with_for_update(skip_locked=True))
            yield search_id
            connection.execute(update(tables.search).where(_search.id == search_id).values(deleted_at=_PURGED_AT))

    def purge_part(self, search_id: str) -> bool:
        """Delete some records of a search that purging() named, in a short transaction; whether none is left.

        Several processes may do so at once; only one of them gets True.
        """
        with self._database.writing() as connection:
            if locked_search(connection, search_id) is None:
                raise NotFoundError(f"no search {search_id}")
            for column, count in _PARTS:
                mine = column.table.c.search_id == search_id
                first = connection.scalar(select(func.min(column)).where(mine))
                if first is not None:
                    connection.execute(delete(column.table).where(mine, column < first + count))
                    return False
            connection.execute(delete(tables.search).where(_search.id == search_id))
            return True

    def forget_keys(self) -> None:
        """Delete idempotency keys older than KEYS_KEPT."""
        with self._database.writing() as connection:
            clock = connection.execute(select(now())).scalar_one()
            old = tables.idempotency.c.created_at < clock - KEYS_KEPT
            connection.execute(delete(tables.idempotency).where(old))


def position(record: SearchRecord, order: str) -> tuple[str | int, ...]:
    """The record's position in this order, as JSON values, for `after` of Searches.page."""
    columns = _ORDERS[order][1]
    return tuple(_plain(getattr(record, column.key or "")) for column in columns)


def _at_rest(connection: Connection, values: Mapping[str, Any], min_age: timedelta) -> bool:
    """Does what Searches.at_rest does, for a row that is locked."""
    since = values["deleted_at"] or (values["ended_at"] if values["state"] in TERMINAL else None)
    if since is None or since > values["now"] - min_age:
        return False
    export = tables.export.c
    under_way = and_(*_EXPORTING) if values["deleted_at"] else export.state.in_(OPEN_EXPORTS)
    mine = select(1).where(export.search_id == values["id"], under_way).limit(1)
    return connection.execute(mine).one_or_none() is None


def _comparable(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column; times as the integers that are stored."""
    return type_coerce(column, BigInteger) if isinstance(column.type, Instant) else column


def _plain(value: str | int | datetime) -> str | int:
    return round(value.timestamp() * 1000) if isinstance(value, datetime) else value


def _as_made(connection: Connection, values: Mapping[str, Any]) -> SearchRecord:
    """The record that submit returned when it made a search. values: its row now."""
    if values["deleted_at"] is not None:
        raise DeletedError(f"search {values['id']}, which this idempotency key made, was deleted")
    first = (tables.event.c.search_id == values["id"], tables.event.c.seq == 1)
    created = connection.execute(select(tables.event.c.data).where(*first)).scalar_one()
    return read_search(values_as_made(values, created))


def _take_key(connection: Connection, given: Idempotency, search_id: str) -> str:
    """The id of the search that the key belongs to: search_id if the key is new."""
    row = tables.idempotency.c
    values = {"owner": given.owner, "key": given.key, "digest": given.digest, "search_id": search_id}
    new = insert(connection, tables.idempotency).values(**values, created_at=now())
    connection.execute(new.on_conflict_do_nothing())
    taken = connection.execute(
        select(row.search_id, row.digest).where(row.owner == given.owner, row.key == given.key)
    ).one()
    if taken.digest != given.digest:
        raise IdempotencyError("the idempotency key was used for another request; send a new key")
    return str(taken.search_id)
