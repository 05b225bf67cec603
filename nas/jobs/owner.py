"""The calls by which the dispatcher that owns a search writes it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sqlalchemy import and_, insert, select

from nas.jobs import tables, trial_changes
from nas.jobs.artifacts import keep_training
from nas.jobs.errors import StateError
from nas.jobs.ledger import Ledger
from nas.jobs.records import File, Json, Lease, SearchRecord, TrainingKey
from nas.jobs.rows import LEFT
from nas.jobs.search_transaction import SearchTransaction, owner_transaction
from nas.jobs.states import TERMINAL, SearchState, TrialState
from nas.jobs.trial_changes import attach
from nas.sql.column_types import readable
from nas.sql.database import upsert

Line = Mapping[str, Any]

_JOURNAL = ("trial.asked", "candidates.refused", "candidates.repeated", "trial.told", "trial.rung", "trial.promoted")
_SHOWN = ("references", "finalists")
_PASSED_AT_ONCE = 100
"""Lines on candidates that are no trials are written together with the next other line, or when there are this many."""


class SearchOwner:
    """Each call is one transaction. It raises FencedError and writes nothing if another owner has the search.

    events and add are the search's journal (nas.search.lines.Journal). Lines on refused and repeated candidates are
    buffered until the next line: if they are lost, the search makes them again. Calls may come from several threads,
    but those of add and told only from one.
    """

    def __init__(self, ledger: Ledger, lease: Lease) -> None:
        self.lease = lease
        self._database = ledger.database
        self._passed: list[Line] = []

    def events(self) -> list[Line]:
        """The lines of the journal, in the order in which they were added."""
        event = tables.event.c
        own = select(event.data).where(event.search_id == self.lease.search_id, event.type.in_(_JOURNAL))
        with self._database.reading() as connection:
            return [line for data in connection.scalars(own.order_by(event.seq)) for line in data["lines"]]

    def add(self, line: Line) -> None:
        """Add a line to the journal. An `asked` line also has the candidate's architecture_id, notation, architecture.

        StateError if the trial's number is not the next one (`asked`), or the trial has a result already (`told`,
        `rung`) or is not pruned (`promoted`).
        """
        match line["event"]:
            case "asked":
                with self._journal() as transaction:
                    trial_changes.ask(transaction, line)
            case "told":
                self.told(line)
            case "rung":
                with self._journal() as transaction:
                    trial_changes.pass_rung(transaction, line)
            case "promoted":
                with self._journal() as transaction:
                    trial_changes.promote(transaction, line)
            case "refused" | "repeated":
                self._passed.append(dict(line))
                if len(self._passed) >= _PASSED_AT_ONCE:
                    with self._journal():
                        pass
            case other:
                raise ValueError(f"not a line of a journal: event {other!r}")

    def told(
        self,
        line: Line,
        training: tuple[TrainingKey, Mapping[str, Any]] | None = None,
        *,
        reused: bool | None = None,
    ) -> None:
        """Store a trial's result: trial, counts, best trial, front, event and training, in one transaction.

        training: kept for other searches. reused: the trial was not trained here; None: as the line says.
        """
        with self._journal() as transaction:
            trial_changes.tell(transaction, line, reused=line.get("reused", False) if reused is None else reused)
            if training is not None:
                keep_training(transaction.connection, *training)

    def started(self, number: int, worker: str) -> int:
        """Record that an attempt at a trial begins; returns the attempt's number, from 1."""
        with self._transaction() as transaction:
            return trial_changes.start(transaction, number, self.lease.epoch, worker)

    def epochs(self, rows: Sequence[tuple[int, int, Mapping[str, float]]]) -> None:
        """Store points of learning curves: trial number, epoch, metrics. Later attempts replace earlier ones."""
        if not rows:
            return
        latest = {(number, epoch): dict(metrics) for number, epoch, metrics in rows}
        with self._transaction() as transaction:
            points = [{"number": number, "epoch": epoch, "metrics": known} for (number, epoch), known in latest.items()]
            for point in points:
                transaction.event("trial.epoch", **point)
            upsert(transaction.connection, tables.metric, [{"search_id": transaction.id, **point} for point in points])

    def log(self, rows: Sequence[tuple[int | None, str]]) -> None:
        """Store lines of output: trial number (None for the search itself), text."""
        if not rows:
            return
        with self._transaction() as transaction:
            first = transaction.values["log_lines"] + 1
            transaction.count(log_lines=len(rows))
            transaction.connection.execute(
                insert(tables.log),
                [
                    {
                        "search_id": transaction.id,
                        "n": n,
                        "number": number,
                        "at": transaction.at,
                        "text": readable(text),
                    }
                    for n, (number, text) in enumerate(rows, first)
                ],
            )

    def known(self, name: str) -> Any:
        """The JSON value stored under this name, or None."""
        row = tables.result.c
        with self._database.reading() as connection:
            own = and_(row.search_id == self.lease.search_id, row.name == name)
            return connection.scalar(select(row.value).where(own))

    def keep(self, name: str, value: Any) -> Any:
        """Store a JSON value for later owners and return it. `references` and `finalists`, lists of objects, are also
        sent as events.
        """
        with self._transaction() as transaction:
            row = {"search_id": transaction.id, "name": name, "value": value}
            upsert(transaction.connection, tables.result, [row])
            if name in _SHOWN:
                transaction.event(name, rows=value)
        return value

    def note(self, text: str) -> None:
        """Show a text to the user."""
        with self._transaction() as transaction:
            transaction.event("search.note", text=readable(text))

    def phase(self, phase: str | None, left_s: float | None = None) -> None:
        """Set the phase of the search, and clear the progress of the phase before. left_s: until the search ends."""
        with self._transaction() as transaction:
            if transaction.values["phase"] != phase:
                transaction.set(phase=phase, progress=None)
                transaction.event("search.phase", phase=phase, **_left(transaction, left_s))

    def wait(self, what: str) -> None:
        """Show, until the next phase, that nothing of the search runs; what: it waits for."""
        with self._transaction() as transaction:
            transaction.wait(what)

    def progress(self, what: str, done: int, total: int, *, left_s: float | None = None) -> None:
        """Set the progress within the phase. Each call is an event: call it a few times a second at most.

        left_s: seconds until the search ends.
        """
        with self._transaction() as transaction:
            transaction.set(progress={"what": what, "done": done, "total": total})
            left = _left(transaction, left_s)
            transaction.event("search.progress", what=what, done=done, total=total, **left)

    def facts(self, facts: Json, target_latency_ms: float | None) -> None:
        """Set the descriptions of data set, space, device and objective."""
        with self._transaction() as transaction:
            if (transaction.values["facts"], transaction.values["target_latency_ms"]) != (facts, target_latency_ms):
                transaction.set(facts=facts, target_latency_ms=target_latency_ms)
                transaction.event("search.facts", facts=facts)

    def attach(  # noqa: PLR0917 - a file's five facts, and whose it is
        self, kind: str, file: str, media_type: str, sha256: str, size_bytes: int, trial: int | None = None
    ) -> None:
        """Link a file of the artifact store; it replaces one of the same name and trial."""
        with self._transaction() as transaction:
            attach(transaction, File(kind, file, media_type, sha256, size_bytes), trial)

    def end(self, state: str, reason: str | None = None, message: str | None = None) -> SearchRecord:
        """End the work on the search and the lease; state is PAUSED, CANCELLED, SUCCEEDED or FAILED.

        If a client resumed the search while it was being paused, it becomes QUEUED instead of PAUSED, unless there is a
        reason for which it cannot go on; if a client cancelled it, CANCELLED. StateError for CANCELLED if no client
        asked for it.
        """
        with self._journal() as transaction:
            settled = _settled(transaction, SearchState(state), cannot_go_on=reason is not None)
            again = settled in (SearchState.PAUSED, SearchState.QUEUED)
            seq = transaction.move(settled, reason, None if message is None else readable(message))
            trial_changes.settle(transaction, seq, state=TrialState.QUEUED if again else TrialState.CANCELLED)
            return transaction.record()

    def _transaction(self) -> AbstractContextManager[SearchTransaction]:
        return owner_transaction(self._database, self.lease)

    @contextmanager
    def _journal(self) -> Iterator[SearchTransaction]:
        """A transaction that writes the buffered lines first."""
        with self._transaction() as transaction:
            trial_changes.pass_over(transaction, self._passed)
            yield transaction
        self._passed.clear()


def _left(transaction: SearchTransaction, left_s: float | None) -> Json:
    """Store the time that is left with the time of now; what an event says of it."""
    if left_s is None:
        return {}
    value = {"left_s": left_s, "at_s": transaction.at.timestamp()}
    row = {"search_id": transaction.id, "name": LEFT, "value": value}
    upsert(transaction.connection, tables.result, [row])
    return {"left_s": round(left_s, 1)}


def _settled(transaction: SearchTransaction, wanted: SearchState, *, cannot_go_on: bool) -> SearchState:
    """The state to end in, as a client may have asked for another one meanwhile."""
    state = transaction.state
    if wanted is SearchState.PAUSED:
        resumed = SearchState.PAUSED if cannot_go_on else SearchState.QUEUED
        return {SearchState.RUNNING: resumed, SearchState.CANCELLING: SearchState.CANCELLED}.get(state, wanted)
    if wanted not in TERMINAL or (wanted is SearchState.CANCELLED and state is not SearchState.CANCELLING):
        raise StateError(f"search {transaction.id} is {state}: it cannot end as {wanted}")
    return wanted
