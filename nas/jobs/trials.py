"""Reads trials. A search that does not exist has none."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Text, and_, select, true, type_coerce

from nas.jobs import tables
from nas.jobs.errors import NotFoundError
from nas.jobs.records import AttemptRecord, Columns, LogRecord, TrialRecord
from nas.jobs.rows import LedgerPart, read_attempt, read_log, read_trial, trial_key
from nas.jobs.states import TrialState
from nas.metric import FRONT, front_of, listed

_trial = tables.trial.c
_TEXTS = ("state", "architecture_id")
_TRUTHS = ("on_front", "reused")
_TIMES = ("started_at", "ended_at")
COLUMNS = ("number", *_TEXTS, *listed(), "reward", *_TRUTHS, *_TIMES)


class Trials(LedgerPart):
    def get(self, trial_id: str) -> TrialRecord:
        """NotFoundError if there is none, or if its search is deleted."""
        wanted = select(tables.trial).join(tables.search).where(*_of(_trial, trial_id))
        return read_trial(self._one(wanted.where(tables.search.c.deleted_at.is_(None)), f"trial {trial_id}"))

    def page(
        self, search_id: str, *, after: int = -1, limit: int = 50, states: Sequence[str] = ()
    ) -> list[TrialRecord]:
        """At most limit trials with numbers larger than after, by number."""
        wanted = select(tables.trial).where(_trial.search_id == search_id, _trial.number > after)
        if states:
            wanted = wanted.where(_trial.state.in_(states))
        return [read_trial(found) for found in self._all(wanted.order_by(_trial.number).limit(limit))]

    def columns(self, search_id: str, after_seq: int = 0, names: Sequence[str] = COLUMNS) -> Columns:
        """Trials that changed after this event, as columns; names: some of COLUMNS. NotFoundError: no such search."""
        stored = [name for name in names if name in _trial]
        others = [name for name in names if name not in _trial]
        # Without the column types' conversions, which take longer than the query.
        plain = [type_coerce(_trial[name], Text if name in _TEXTS else BigInteger) for name in stored]
        plain += [type_coerce(_trial.metrics, Text)] if others else []
        changed = select(*plain).where(_trial.search_id == search_id).order_by(_trial.number)
        if after_seq:  # without it SQLite would read by the index of seq and sort all rows
            changed = changed.where(_trial.seq > after_seq)
        with self._database.reading() as connection:
            # The last event's number before the rows: a change in between is then sent twice rather than never.
            found = select(tables.search.c.last_seq).where(
                tables.search.c.id == search_id, tables.search.c.deleted_at.is_(None)
            )
            seq = connection.scalar(found)
            if seq is None:
                raise NotFoundError(f"no search {search_id}")
            rows = connection.execute(changed).all()
        lists: list[list[Any]] = [[*values] for values in zip(*rows, strict=True)] or [[] for _ in plain]
        metrics = [json.loads(text) for text in lists.pop()] if others else []
        columns = dict(zip(stored, lists, strict=True))
        columns |= {name: [known.get(name) for known in metrics] for name in others}
        columns |= {name: [bool(value) for value in columns[name]] for name in _TRUTHS if name in columns}
        columns |= {
            name: [None if t is None else t / 1000 for t in columns[name]] for name in _TIMES if name in columns
        }
        return Columns(seq, {name: columns[name] for name in names})

    def front(self, search_id: str, names: Sequence[str] = FRONT) -> list[TrialRecord]:
        """The front of these metrics among the succeeded trials that have them all, the best in the first one first.

        That of nas.metric.FRONT is kept up to date with each result, others are found among all trials.
        """
        succeeded = and_(_trial.search_id == search_id, _trial.state == TrialState.SUCCEEDED.value)
        kept = tuple(names) == FRONT
        measured = select(_trial.number, _trial.metrics).where(succeeded, _trial.on_front if kept else true())
        with self._database.reading() as connection:
            found = connection.execute(measured.order_by(_trial.number)).all()
            rows = [row for row in found if all(row.metrics.get(name) is not None for name in names)]
            numbers = [rows[i].number for i in front_of([row.metrics for row in rows], names)]
            wanted = select(tables.trial).where(succeeded, _trial.number.in_(numbers))
            trials = {row.number: read_trial(row) for row in connection.execute(wanted)}
        return [trials[number] for number in numbers]

    def attempts(self, trial_id: str) -> list[AttemptRecord]:
        row = tables.attempt.c
        wanted = select(tables.attempt).where(*_of(row, trial_id)).order_by(row.attempt)
        return [read_attempt(found) for found in self._all(wanted)]

    def curve(self, trial_id: str) -> list[dict[str, Any]]:
        """The learning curve: {"epoch": number, metric: value, ...} by rising epoch."""
        row = tables.metric.c
        wanted = select(row.epoch, row.metrics).where(*_of(row, trial_id)).order_by(row.epoch)
        return [{"epoch": found.epoch, **found.metrics} for found in self._all(wanted)]

    def log(self, trial_id: str, after: int = 0, limit: int = 1000) -> list[LogRecord]:
        """At most limit lines of the trial's output with n larger than after."""
        search_id, number = trial_key(trial_id)
        return self._log(search_id, after, limit, number)

    def search_log(self, search_id: str, after: int = 0, limit: int = 1000) -> list[LogRecord]:
        """At most limit lines of output, of the search and all its trials, with n larger than after."""
        return self._log(search_id, after, limit, None)

    def results(self, search_id: str) -> dict[str, Any]:
        """The JSON values that the search's owners stored, by name."""
        kept = tables.result.c
        wanted = select(kept.name, kept.value).where(kept.search_id == search_id).order_by(kept.name)
        return {row.name: row.value for row in self._all(wanted)}

    def _log(self, search_id: str, after: int, limit: int, number: int | None) -> list[LogRecord]:
        row = tables.log.c
        wanted = select(tables.log).where(row.search_id == search_id, row.n > after).order_by(row.n).limit(limit)
        if number is not None:
            wanted = wanted.where(row.number == number)
        return [read_log(found) for found in self._all(wanted)]


def _of(row: Any, trial_id: str) -> tuple[Any, Any]:
    search_id, number = trial_key(trial_id)
    return row.search_id == search_id, row.number == number
