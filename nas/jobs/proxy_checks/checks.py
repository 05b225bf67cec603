"""Proxy checks: clients request and cancel them, one dispatcher at a time works on each. Only the database's clock is
used.
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
from nas.jobs.proxy_checks.record import CLAIMED, OPEN, CheckClaim, CheckLease, CheckState, ProxyCheckRecord
from nas.jobs.records import Json
from nas.jobs.rows import PACE, LedgerPart
from nas.jobs.tables import LEASE_S
from nas.sql.column_types import now, readable
from nas.sql.ids import new_id

MAX_DEATHS = 3
"""A check is given up once so many dispatchers in a row have died with it, without a further training."""

_check = tables.proxy_check.c
_over = and_(_check.state.in_([state.value for state in CLAIMED]), tables.proxy_check_lease_over)


class ProxyChecks(LedgerPart):
    def request(
        self, spec: Mapping[str, Any], options: Mapping[str, Any], *, confirm: Callable[[], object] = lambda: None
    ) -> tuple[ProxyCheckRecord, bool]:
        """A new check and True; or, if the same one is queued or under way, that one and False.

        confirm: called once the check keeps its data set from being removed; if it raises, there is no check.
        """
        digest = _digest([spec, options])
        same = select(tables.proxy_check).where(_check.digest == digest, _check.state.in_([s.value for s in OPEN]))
        with self._database.writing() as connection:
            known = connection.execute(same.order_by(_check.created_at).limit(1)).one_or_none()
            if known is not None:
                return _read(known), False
            values = {"id": new_id("chk"), "spec": dict(spec), "options": dict(options), "digest": digest, "kept": {}}
            at = connection.execute(select(now())).scalar_one()
            made = insert(tables.proxy_check).values(**values, state=CheckState.QUEUED.value, created_at=at)
            row = connection.execute(made.returning(*_check)).one()
            confirm()
            return _read(row), True

    def get(self, check_id: str) -> ProxyCheckRecord:
        """NotFoundError if there is no such check."""
        return _read(self._one(select(tables.proxy_check).where(_check.id == check_id), f"proxy check {check_id}"))

    def newest(self, limit: int = 50) -> list[ProxyCheckRecord]:
        """At most limit checks, the newest first."""
        wanted = select(tables.proxy_check).order_by(_check.created_at.desc(), _check.id.desc()).limit(limit)
        return [_read(row) for row in self._all(wanted)]

    def cancel(self, check_id: str) -> ProxyCheckRecord:
        """If a dispatcher works on it, it ends soon, otherwise at once. StateError if it has ended in another way."""
        with self._database.writing() as connection:
            row = _locked(connection, _check.id == check_id)
            if row is None:
                raise NotFoundError(f"no proxy check {check_id}")
            state = CheckState(row.state)
            if state in {CheckState.CANCELLING, CheckState.CANCELLED}:
                return _read(row)
            if state not in OPEN:
                raise StateError(f"proxy check {check_id} is {state}: it cannot be cancelled")
            over = connection.scalar(select(_check.id).where(_check.id == check_id, _over)) is not None
            if state is CheckState.RUNNING and not over:
                return _changed(connection, check_id, state=CheckState.CANCELLING.value)
            return _ended(connection, check_id, CheckState.CANCELLED)

    def claim(self, owner: str, lease_s: float = LEASE_S) -> CheckClaim | None:
        """The oldest check that is queued or whose lease has run out; None if there is none.

        One whose owners have died MAX_DEATHS times in a row ends as FAILED, one that is CANCELLING as CANCELLED.
        """
        free = or_(_check.state == CheckState.QUEUED.value, _over)
        wanted = select(_check.id).where(free).order_by(_check.created_at, _check.id).limit(1)
        with self._database.reading() as connection:  # most often there is none: then no lock is taken
            if connection.scalar(wanted) is None:
                return None
        with self._database.writing() as connection:
            row = _locked(connection, and_(_check.id == wanted.scalar_subquery(), free))
            if row is None:
                return None
            deaths = row.deaths + (row.owner is not None)
            if row.state == CheckState.CANCELLING.value:
                _ended(connection, row.id, CheckState.CANCELLED)
            elif deaths >= MAX_DEATHS:
                reason = f"{deaths} dispatchers in a row died while they carried it out; see their logs"
                _ended(connection, row.id, CheckState.FAILED, reason=reason)
            else:
                at = connection.execute(select(now())).scalar_one()
                values = {"owner": owner, "epoch": row.epoch + 1, "lease_until": at + timedelta(seconds=lease_s)}
                values |= {"state": CheckState.RUNNING.value, "started_at": row.started_at or at, "deaths": deaths}
                return CheckClaim(_changed(connection, row.id, **values), CheckLease(row.id, row.epoch + 1, owner))
        return self.claim(owner, lease_s)

    def renew(self, lease: CheckLease, lease_s: float = LEASE_S, *, progress: Json | None = None) -> ProxyCheckRecord:
        """Extend the lease to lease_s from now, with the progress; returns the check, which a client may have
        cancelled. FencedError if another dispatcher has the lease.
        """
        with self._database.writing() as connection:
            until = connection.execute(select(now())).scalar_one() + timedelta(seconds=lease_s)
            return self._write(connection, lease, lease_until=until, progress=progress)

    def release(self, lease: CheckLease) -> None:
        """Give the lease up, so that another dispatcher can claim the check at once."""
        with self._database.writing() as connection:
            at = connection.execute(select(now())).scalar_one()
            self._write(connection, lease, owner=None, lease_until=at, progress=None)

    def kept(self, lease: CheckLease) -> Json:
        """What keep has stored, by name."""
        row = self._one(select(_check.kept).where(_check.id == lease.check_id), f"proxy check {lease.check_id}")
        found: Json = row.kept
        return found

    def keep(self, lease: CheckLease, kept: Json) -> None:
        """Store JSON values by name for later owners; those of before go. FencedError as for renew."""
        with self._database.writing() as connection:
            self._write(connection, lease, kept=kept, deaths=0)

    def end(
        self, lease: CheckLease, state: CheckState, *, reason: str | None = None, result: Json | None = None
    ) -> ProxyCheckRecord:
        """End it, as CANCELLED if a client has asked for that. FencedError as for renew."""
        with self._database.writing() as connection:
            row = self._write(connection, lease)
            ended = CheckState.CANCELLED if row.state is CheckState.CANCELLING else state
            why = None if reason is None or ended is CheckState.CANCELLED else readable(reason)
            found = result if ended is CheckState.SUCCEEDED else None
            return _ended(connection, lease.check_id, ended, reason=why, result=found)

    def paces(self, limit: int = 20) -> list[tuple[datetime, Json]]:
        """The paces of the newest checks that have one (nas.forecast.Pace), each with the time of its check."""
        ended = select(_check.created_at, _check.kept).where(_check.state == CheckState.SUCCEEDED.value)
        newest = self._all(ended.order_by(_check.created_at.desc()).limit(limit))
        return [(row.created_at, row.kept[PACE]) for row in newest if PACE in row.kept]

    def forget(self, kept: timedelta) -> int:
        """Delete checks that ended longer ago; returns their number."""
        with self._database.writing() as connection:
            before = connection.execute(select(now())).scalar_one() - kept
            return connection.execute(delete(tables.proxy_check).where(_check.ended_at <= before)).rowcount

    def is_open(self, check_id: str) -> bool:
        """Whether a dispatcher may still work on it, or will."""
        wanted = select(_check.id).where(_check.id == check_id, _check.ended_at.is_(None))
        with self._database.reading() as connection:
            return connection.scalar(wanted) is not None

    def _write(self, connection: Connection, lease: CheckLease, **values: Any) -> ProxyCheckRecord:
        held = and_(_check.id == lease.check_id, _check.epoch == lease.epoch, _check.owner == lease.owner)
        row = _locked(connection, held)
        if row is None:
            raise FencedError(f"proxy check {lease.check_id} is not {lease.owner}'s any more; stop working on it")
        return _changed(connection, lease.check_id, **values) if values else _read(row)


def _locked(connection: Connection, which: ColumnElement[bool]) -> Row[Any] | None:
    return connection.execute(select(tables.proxy_check).where(which).with_for_update()).one_or_none()


def _changed(connection: Connection, check_id: str, **values: Any) -> ProxyCheckRecord:
    change = update(tables.proxy_check).where(_check.id == check_id).values(**values).returning(*_check)
    return _read(connection.execute(change).one())


def _ended(
    connection: Connection, check_id: str, state: CheckState, *, reason: str | None = None, result: Json | None = None
) -> ProxyCheckRecord:
    at = connection.execute(select(now())).scalar_one()
    values = {"state": state.value, "reason": reason, "result": result, "ended_at": at}
    return _changed(connection, check_id, **values, owner=None, lease_until=None, progress=None)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _read(row: Row[Any]) -> ProxyCheckRecord:
    known = {field.name: getattr(row, field.name) for field in fields(ProxyCheckRecord)}
    return ProxyCheckRecord(**known | {"state": CheckState(row.state)})
