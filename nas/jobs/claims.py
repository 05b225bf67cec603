"""Leases on searches and exports: which dispatcher works on which. Only the database's clock is used.

An owner whose lease has run out may go on until another dispatcher claims; from then on its writes are refused.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, true, update

from nas.jobs import tables, trial_changes
from nas.jobs.errors import FencedError
from nas.jobs.events import deaths_without_result
from nas.jobs.exports import export_event
from nas.jobs.inquiries.record import CLAIMED
from nas.jobs.records import Claim, ExportClaim, ExportLease, ExportRecord, File, Json, Lease, SearchRecord
from nas.jobs.rows import FREE_DISPATCHER, SEARCHES, LedgerPart, ownerless, read_export, read_search
from nas.jobs.search_transaction import SearchTransaction, locked_search, owner_transaction, search_transaction
from nas.jobs.states import ACTIVE, AT_REST, ExportState, SearchState
from nas.jobs.tables import LEASE_S
from nas.jobs.trial_changes import attach
from nas.sql.column_types import now, readable

MAX_DEATHS = 3
"""So many owners of a search may die in a row without a result. The last of them has no other search beside it, so that
the others outlive one that ends its dispatchers."""

_search = tables.search.c
_export = tables.export.c
_ACTIVE = [state.value for state in ACTIVE]


class Claims(LedgerPart):
    def claim(
        self, owner: str, *, lease_s: float = LEASE_S, held: Collection[str] = (), only: str | None = None
    ) -> Claim | None:
        """The next search that is queued or whose lease has run out: the highest priority first, then the oldest.

        None if there is none. held: ids of searches that this owner carries out: it does not claim them a second time.
        only: the id of the only one that is wanted.

        A search whose owners have died MAX_DEATHS times in a row is set aside, as FAILED.

        Trials that the previous owner left running are queued again and their attempts are LOST. A search that is
        PAUSING or CANCELLING keeps its state: the new owner has to end it.
        """
        free = _claimable().where(_search.id.not_in(held), true() if only is None else _search.id == only)
        wanted = free.order_by(_search.priority.desc(), _search.created_at, _search.id).limit(1)
        with self._database.reading() as connection:  # most often there is none: then no lock is taken
            if connection.scalar(wanted) is None:
                return None
        with self._database.writing() as connection:
            search_id = connection.scalar(wanted.with_for_update(skip_locked=True))
            if search_id is None:
                return None
            transaction = SearchTransaction(connection, locked_search(connection, search_id) or {})
            deaths = _count_death(transaction)
            if deaths < MAX_DEATHS:
                lease = _take(transaction, owner, lease_s)
                return Claim(transaction.record(), lease, suspect=deaths == MAX_DEATHS - 1)
        return self.claim(owner, lease_s=lease_s, held=held, only=only)

    def renew(self, lease: Lease, lease_s: float = LEASE_S) -> SearchRecord:
        """Extend the lease to lease_s from now; returns the search, with what clients have asked for meanwhile.

        FencedError if another dispatcher has the lease.
        """
        with owner_transaction(self._database, lease) as transaction:
            transaction.set(lease_until=transaction.at + timedelta(seconds=lease_s))
            return transaction.record()

    def release(self, lease: Lease) -> None:
        """Give the lease up, so that another dispatcher can claim the search at once.

        FencedError if another dispatcher has the lease.
        """
        with owner_transaction(self._database, lease) as transaction:
            transaction.set(owner=None, lease_until=transaction.at, epoch=lease.epoch + 1)
            trial_changes.lose_all(transaction, "the dispatcher stopped")
            transaction.wait(FREE_DISPATCHER)

    def end_leases(self, tokens: Collection[str]) -> None:
        """End the leases of dispatchers that have died, so that their work need not wait for the end.

        tokens: with these the last part of the dispatchers' names begins.
        """
        if not tokens:
            return
        with self._database.writing() as connection:
            held = ((tables.search, _ACTIVE), (tables.export, [ExportState.RUNNING.value]))
            for table, states in (*held, (tables.inquiry, [state.value for state in CLAIMED])):
                row = table.c
                dead = or_(*(row.owner.contains(f":{token}", autoescape=True) for token in tokens))
                live = (row.state.in_(states), row.lease_until > now())
                connection.execute(update(table).where(dead, *live).values(lease_until=now()))

    def goes_before(self, record: SearchRecord) -> bool:
        """Whether a search that waits for a dispatcher is to run rather than this one.

        It is one of a higher priority, or an interrupted one of the same priority that is older.
        """
        older = and_(_search.state.in_(_ACTIVE), _search.created_at < record.created_at)
        before = or_(_search.priority > record.priority, and_(_search.priority == record.priority, older))
        with self._database.reading() as connection:
            return connection.scalar(_claimable().where(before, _search.id != record.id).limit(1)) is not None

    def settle(self) -> None:
        """Pause and cancel the searches that clients asked to and that no dispatcher owns any more."""
        asked = _search.state.in_([state.value for state in AT_REST])
        with self._database.reading() as connection:
            found = connection.scalars(select(_search.id).where(asked, tables.search_lease_over)).all()
        for search_id in found:
            with search_transaction(self._database, search_id, deleted=True) as transaction:
                if transaction.state in AT_REST and ownerless(transaction.values):
                    trial_changes.come_to_rest(transaction, AT_REST[transaction.state])

    def owned(self, owner: str) -> list[SearchRecord]:
        """The searches of this owner, also those whose lease has run out."""
        found = self._all(SEARCHES.where(_search.owner == owner).order_by(_search.id))
        return [read_search(row._asdict()) for row in found]

    def claim_export(self, owner: str, lease_s: float = LEASE_S) -> ExportClaim | None:
        """The oldest export that is queued or whose lease has run out; None if there is none."""
        over = and_(_export.state == ExportState.RUNNING.value, tables.export_lease_over)
        free = or_(_export.state == ExportState.QUEUED.value, over)
        wanted = select(_export.id, _export.search_id).join(tables.search)
        wanted = wanted.where(free, _search.deleted_at.is_(None)).order_by(_export.created_at, _export.id).limit(1)
        while True:
            with self._database.reading() as connection:
                found = connection.execute(wanted).one_or_none()
            if found is None:
                return None
            with search_transaction(self._database, found.search_id, deleted=True) as transaction:
                until = transaction.at + timedelta(seconds=lease_s)
                values = {"state": ExportState.RUNNING.value, "owner": owner, "lease_until": until}
                taken = _change_export(
                    transaction, and_(_export.id == found.id, free), epoch=_export.epoch + 1, **values
                )
            if taken is not None:  # otherwise another dispatcher was faster
                return ExportClaim(read_export(taken), ExportLease(found.id, taken.epoch, owner))

    def renew_export(self, lease: ExportLease, lease_s: float = LEASE_S) -> ExportRecord:
        """Extend the lease to lease_s from now. FencedError if another dispatcher has it."""
        with self._database.writing() as connection:
            until = connection.execute(select(now())).scalar_one() + timedelta(seconds=lease_s)
            longer = update(tables.export).where(_held(lease)).values(lease_until=until)
            found = connection.execute(longer.returning(*tables.export.c)).one_or_none()
        if found is None:
            raise _fenced(lease)
        return read_export(found)

    def end_export(
        self,
        lease: ExportLease,
        state: str,
        *,
        reason: str | None = None,
        file: File | None = None,
        others: Sequence[File] = (),
        metrics: dict[str, float] | None = None,
        report: Json | None = None,
    ) -> ExportRecord:
        """End it as SUCCEEDED with a file of the artifact store, or as FAILED with a reason.

        others: files beside the export's own. report: of a compression. FencedError if another dispatcher has the
        lease.
        """
        with self._exporting(lease) as transaction:
            values: dict[str, Any] = {"state": ExportState(state).value, "ended_at": transaction.at, "owner": None}
            values |= {"reason": None if reason is None else readable(reason), "metrics": metrics or {}}
            values |= {"report": report}
            if file is not None:
                number = transaction.connection.scalar(select(_export.number).where(_export.id == lease.export_id))
                for each in (file, *others):
                    attach(transaction, each, number)
                values |= {"sha256": file.sha256, "file": file.file}
            ended = _change_export(transaction, _held(lease), **values)
            if ended is None:
                raise _fenced(lease)
            return read_export(ended)

    def export_progress(self, lease: ExportLease, progress: Json) -> None:
        """Add an event with the progress of the export. FencedError if another dispatcher has the lease."""
        with self._exporting(lease) as transaction:
            found = select(tables.export).where(_held(lease))
            export = transaction.connection.execute(found).one_or_none()
            if export is None:
                raise _fenced(lease)
            transaction.event("export.progress", id=export.id, trial=read_export(export).trial_id, **progress)

    @contextmanager
    def _exporting(self, lease: ExportLease) -> Iterator[SearchTransaction]:
        """A transaction of the search that the export is of. FencedError if another dispatcher has the lease."""
        with self._database.reading() as connection:
            search_id = connection.scalar(select(_export.search_id).where(_held(lease)))
        if search_id is None:
            raise _fenced(lease)
        with search_transaction(self._database, search_id, deleted=True) as transaction:
            yield transaction


def _take(transaction: SearchTransaction, owner: str, lease_s: float) -> Lease:
    """Give the search to this owner."""
    lease = Lease(transaction.id, transaction.values["epoch"] + 1, owner)
    transaction.set(owner=owner, epoch=lease.epoch, lease_until=transaction.at + timedelta(seconds=lease_s))
    trial_changes.lose_all(transaction, trial_changes.LEASE_OVER)
    if transaction.state is SearchState.QUEUED:
        transaction.move(SearchState.RUNNING)
        transaction.set(started_at=transaction.values["started_at"] or transaction.at)
    transaction.write()
    return lease


def _count_death(transaction: SearchTransaction) -> int:
    """How many owners in a row have died without a result; the search is FAILED if they are MAX_DEATHS.

    An owner that gives a search up leaves it without one.
    """
    deaths = deaths_without_result(transaction.connection, transaction.id)
    if transaction.values["owner"] is None or transaction.state not in ACTIVE:
        return deaths
    deaths += 1
    text = f"its dispatcher died, {deaths} in a row without a result; after {MAX_DEATHS} the search is set aside"
    transaction.event("search.note", text=text, deaths=deaths)
    if deaths >= MAX_DEATHS:
        message = (
            f"{deaths} dispatchers in a row died while they carried it out, the last with no other search; see their "
            "logs. Memory may be short: make images or networks smaller, and fork it"
        )
        trial_changes.come_to_rest(transaction, SearchState.FAILED, "DISPATCHER_DIED", message)
        transaction.write()
    return deaths


def _claimable() -> Any:
    over = and_(_search.state.in_(_ACTIVE), tables.search_lease_over)
    waiting = _search.state == SearchState.QUEUED.value
    return select(_search.id).where(_search.deleted_at.is_(None), or_(waiting, over))


def _held(lease: ExportLease) -> ColumnElement[bool]:
    return and_(_export.id == lease.export_id, _export.epoch == lease.epoch, _export.owner == lease.owner)


def _fenced(lease: ExportLease) -> FencedError:
    return FencedError(f"export {lease.export_id} is not {lease.owner}'s any more; stop working on it")


def _change_export(transaction: SearchTransaction, which: ColumnElement[bool], **values: Any) -> Any:
    """Change the row and add the event; returns the changed row, or None if there is no such row."""
    changed = update(tables.export).where(which).values(**values).returning(*tables.export.c)
    row = transaction.connection.execute(changed).one_or_none()
    if row is not None:
        export_event(transaction, read_export(row))
    return row
