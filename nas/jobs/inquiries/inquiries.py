"""Inquiries: clients request and cancel them, one dispatcher at a time works on each.

Only the database's clock is used.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, insert, or_, select, update

from nas.jobs import tables
from nas.jobs.errors import FencedError, NotFoundError, StateError
from nas.jobs.inquiries.record import (
    CLAIMED,
    OPEN,
    Inquiry,
    InquiryClaim,
    InquiryKind,
    InquiryLease,
    InquiryState,
    kind_of,
)
from nas.jobs.records import Json
from nas.jobs.rows import PACE, LedgerPart
from nas.jobs.tables import LEASE_S
from nas.sql.column_types import now, readable
from nas.sql.ids import new_id

MAX_DEATHS = 3
"""An inquiry is given up once so many dispatchers in a row have died with it, without keeping anything further."""

_inquiry = tables.inquiry.c
_over = and_(_inquiry.state.in_([state.value for state in CLAIMED]), tables.inquiry_lease_over)


class Inquiries(LedgerPart):
    def request(
        self,
        kind: InquiryKind,
        spec: Mapping[str, Any],
        options: Mapping[str, Any],
        *,
        confirm: Callable[[], object] = lambda: None,
    ) -> tuple[Inquiry, bool]:
        """A new inquiry and True; or, if the same one is queued or under way, that one and False.

        confirm: called once the inquiry keeps its data set from being removed; if it raises, there is no inquiry.
        """
        digest = _digest([kind, spec, options])
        same = select(tables.inquiry).where(_inquiry.digest == digest, _inquiry.state.in_([s.value for s in OPEN]))
        with self._database.writing() as connection:
            known = connection.execute(same.order_by(_inquiry.created_at).limit(1)).one_or_none()
            if known is not None:
                return _read(known), False
            values: Json = {"id": new_id(kind.prefix), "kind": kind.value, "digest": digest}
            values |= {"spec": dict(spec), "options": dict(options), "kept": {}}
            at = connection.execute(select(now())).scalar_one()
            made = insert(tables.inquiry).values(**values, state=InquiryState.QUEUED.value, created_at=at)
            row = connection.execute(made.returning(*_inquiry)).one()
            confirm()
            return _read(row), True

    def get(self, inquiry_id: str) -> Inquiry:
        """NotFoundError if there is no such inquiry."""
        return _read(self._one(select(tables.inquiry).where(_inquiry.id == inquiry_id), _called(inquiry_id)))

    def newest(self, kind: InquiryKind, limit: int = 50) -> list[Inquiry]:
        """At most limit of a kind, the newest first."""
        wanted = select(tables.inquiry).where(_inquiry.kind == kind.value)
        newest = wanted.order_by(_inquiry.created_at.desc(), _inquiry.id.desc()).limit(limit)
        return [_read(row) for row in self._all(newest)]

    def cancel(self, inquiry_id: str) -> Inquiry:
        """If a dispatcher works on it, it ends soon, otherwise at once. StateError if it has ended in another way."""
        with self._database.writing() as connection:
            row = _locked(connection, _inquiry.id == inquiry_id)
            if row is None:
                raise NotFoundError(f"no {_called(inquiry_id)}")
            state = InquiryState(row.state)
            if state in {InquiryState.CANCELLING, InquiryState.CANCELLED}:
                return _read(row)
            if state not in OPEN:
                raise StateError(f"{_called(inquiry_id)} is {state}: it cannot be cancelled")
            over = connection.scalar(select(_inquiry.id).where(_inquiry.id == inquiry_id, _over)) is not None
            if state is InquiryState.RUNNING and not over:
                return _changed(connection, inquiry_id, state=InquiryState.CANCELLING.value)
            return _ended(connection, inquiry_id, InquiryState.CANCELLED)

    def claim(self, owner: str, lease_s: float = LEASE_S) -> InquiryClaim | None:
        """The oldest inquiry that is queued or whose lease has run out; None if there is none.

        One whose owners have died MAX_DEATHS times in a row ends as FAILED, one that is CANCELLING as CANCELLED.
        """
        free = or_(_inquiry.state == InquiryState.QUEUED.value, _over)
        wanted = select(_inquiry.id).where(free).order_by(_inquiry.created_at, _inquiry.id).limit(1)
        with self._database.reading() as connection:  # most often there is none: then no lock is taken
            if connection.scalar(wanted) is None:
                return None
        with self._database.writing() as connection:
            row = _locked(connection, and_(_inquiry.id == wanted.scalar_subquery(), free))
            if row is None:
                return None
            deaths = row.deaths + (row.owner is not None)
            if row.state == InquiryState.CANCELLING.value:
                _ended(connection, row.id, InquiryState.CANCELLED)
            elif deaths >= MAX_DEATHS:
                reason = f"{deaths} dispatchers in a row died while they carried it out; see their logs"
                _ended(connection, row.id, InquiryState.FAILED, reason=reason)
            else:
                at = connection.execute(select(now())).scalar_one()
                values = {"owner": owner, "epoch": row.epoch + 1, "lease_until": at + timedelta(seconds=lease_s)}
                values |= {"state": InquiryState.RUNNING.value, "started_at": row.started_at or at, "deaths": deaths}
                return InquiryClaim(_changed(connection, row.id, **values), InquiryLease(row.id, row.epoch + 1, owner))
        return self.claim(owner, lease_s)

    def renew(self, lease: InquiryLease, lease_s: float = LEASE_S, *, progress: Json | None = None) -> Inquiry:
        """Extend the lease to lease_s from now, with the progress; returns the inquiry, which a client may have
        cancelled. FencedError if another dispatcher has the lease.
        """
        with self._database.writing() as connection:
            until = connection.execute(select(now())).scalar_one() + timedelta(seconds=lease_s)
            return self._write(connection, lease, lease_until=until, progress=progress)

    def release(self, lease: InquiryLease) -> None:
        """Give the lease up, so that another dispatcher can claim the inquiry at once."""
        with self._database.writing() as connection:
            at = connection.execute(select(now())).scalar_one()
            self._write(connection, lease, owner=None, lease_until=at, progress=None)

    def kept(self, lease: InquiryLease) -> Json:
        """What keep has stored, by name."""
        row = self._one(select(_inquiry.kept).where(_inquiry.id == lease.inquiry_id), _called(lease.inquiry_id))
        found: Json = row.kept
        return found

    def keep(self, lease: InquiryLease, kept: Json) -> None:
        """Store JSON values by name for later owners; those of before go. FencedError as for renew."""
        with self._database.writing() as connection:
            self._write(connection, lease, kept=kept, deaths=0)

    def end(
        self, lease: InquiryLease, state: InquiryState, *, reason: str | None = None, result: Json | None = None
    ) -> Inquiry:
        """End it, as CANCELLED if a client has asked for that. FencedError as for renew."""
        with self._database.writing() as connection:
            row = self._write(connection, lease)
            ended = InquiryState.CANCELLED if row.state is InquiryState.CANCELLING else state
            why = None if reason is None or ended is InquiryState.CANCELLED else readable(reason)
            found = result if ended is InquiryState.SUCCEEDED else None
            return _ended(connection, lease.inquiry_id, ended, reason=why, result=found)

    def paces(self, limit: int = 20) -> list[tuple[datetime, Json]]:
        """The paces of the newest inquiries that have one (nas.forecast.Pace), each with the time of its inquiry."""
        ended = select(_inquiry.created_at, _inquiry.kept).where(_inquiry.state == InquiryState.SUCCEEDED.value)
        newest = self._all(ended.order_by(_inquiry.created_at.desc()).limit(limit))
        return [(row.created_at, row.kept[PACE]) for row in newest if PACE in row.kept]

    def forget(self, kept: timedelta) -> int:
        """Delete those that ended longer ago; returns their number."""
        with self._database.writing() as connection:
            before = connection.execute(select(now())).scalar_one() - kept
            return connection.execute(delete(tables.inquiry).where(_inquiry.ended_at <= before)).rowcount

    def is_open(self, inquiry_id: str) -> bool:
        """Whether a dispatcher may still work on it, or will."""
        wanted = select(_inquiry.id).where(_inquiry.id == inquiry_id, _inquiry.ended_at.is_(None))
        with self._database.reading() as connection:
            return connection.scalar(wanted) is not None

    def _write(self, connection: Connection, lease: InquiryLease, **values: Any) -> Inquiry:
        held = and_(_inquiry.id == lease.inquiry_id, _inquiry.epoch == lease.epoch, _inquiry.owner == lease.owner)
        row = _locked(connection, held)
        if row is None:
            raise FencedError(f"{_called(lease.inquiry_id)} is not {lease.owner}'s any more; stop working on it")
        return _changed(connection, lease.inquiry_id, **values) if values else _read(row)


def _locked(connection: Connection, which: ColumnElement[bool]) -> Row[Any] | None:
    return connection.execute(select(tables.inquiry).where(which).with_for_update()).one_or_none()


def _changed(connection: Connection, inquiry_id: str, **values: Any) -> Inquiry:
    change = update(tables.inquiry).where(_inquiry.id == inquiry_id).values(**values).returning(*_inquiry)
    return _read(connection.execute(change).one())


def _ended(
    connection: Connection,
    inquiry_id: str,
    state: InquiryState,
    *,
    reason: str | None = None,
    result: Json | None = None,
) -> Inquiry:
    at = connection.execute(select(now())).scalar_one()
    values = {"state": state.value, "reason": reason, "result": result, "ended_at": at}
    return _changed(connection, inquiry_id, **values, owner=None, lease_until=None, progress=None)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _read(row: Row[Any]) -> Inquiry:
    known = {field.name: getattr(row, field.name) for field in fields(Inquiry)}
    return Inquiry(**known | {"kind": InquiryKind(row.kind), "state": InquiryState(row.state)})


def _called(inquiry_id: str) -> str:
    kind = kind_of(inquiry_id)
    return f"{'inquiry' if kind is None else kind.words} {inquiry_id}"
