"""All that the owner of a search writes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy import insert as plain_insert

from nas.jobs import tables, trial_changes
from nas.jobs.errors import StateError
from nas.jobs.ledger import Ledger
from nas.jobs.records import File, Json, Lease, SearchRecord, TrainingKey
from nas.jobs.search_transaction import Turn, owners_turn
from nas.jobs.states import TERMINAL, SearchState, TrialState
from nas.jobs.trainings import keep
from nas.jobs.trial_changes import attach
from nas.sql.columns import readable
from nas.sql.database import insert

Line = Mapping[str, Any]

_JOURNAL = ("trial.asked", "candidates.refused", "trial.told")
_REFUSED_AT_ONCE = 100
"""So many lines on refused candidates are written without waiting for another line."""


class Desk:
    """Each call is one transaction, and raises FencedError, with nothing written, when another owner has the search.

    events and add are the search's journal (nas.loop.Journal). Lines on refused candidates wait for the next line: a
    searcher that is called again makes the same ones. Calls may come from several threads; add and told from one.
    """

    def __init__(self, ledger: Ledger, lease: Lease) -> None:
        self.lease = lease
        self._database = ledger.database
        self._refused: list[Line] = []

    def events(self) -> list[Line]:
        """The lines that were added, in order."""
        event = tables.event.c
        mine = select(event.data).where(event.search_id == self.lease.search_id, event.type.in_(_JOURNAL))
        with self._database.reading() as connection:
            return [line for data in connection.scalars(mine.order_by(event.seq)) for line in data["lines"]]

    def add(self, line: Line) -> None:
        """Keep a line. One that asks carries the candidate's architecture_id, notation and architecture as well.

        StateError if the number is not the next one (asked), or the trial has its result (told).
        """
        match line["event"]:
            case "asked":
                with self._journal() as turn:
                    trial_changes.ask(turn, line)
            case "told":
                self.told(line)
            case "refused":
                self._refused.append(dict(line))
                if len(self._refused) >= _REFUSED_AT_ONCE:
                    with self._journal():
                        pass
            case other:
                raise ValueError(f"no line of a journal: event {other!r}")

    def told(
        self,
        line: Line,
        training: tuple[TrainingKey, Mapping[str, Any]] | None = None,
        *,
        reused: bool | None = None,
    ) -> None:
        """A trial's result: trial, counts, best, front, event and training, all or none.

        training is kept for other searches. reused: not trained here; None: as the line says.
        """
        with self._journal() as turn:
            trial_changes.tell(turn, line, reused=line.get("reused", False) if reused is None else reused)
            if training is not None:
                keep(turn.connection, *training)

    def started(self, number: int, worker: str) -> int:
        """An attempt at a trial begins; returns its number, from 1."""
        with self._turn() as turn:
            return trial_changes.start(turn, number, self.lease.epoch, worker)

    def lost(self, number: int, reason: str) -> None:
        """The attempt came to nothing, and not by the trial's fault; the trial is queued again."""
        with self._turn() as turn:
            trial_changes.lose(turn, number, reason)

    def epochs(self, rows: Sequence[tuple[int, int, Mapping[str, float]]]) -> None:
        """Points of learning curves: trial number, epoch, metrics. A later attempt's replace an earlier one's."""
        if not rows:
            return
        latest = {(number, epoch): dict(metrics) for number, epoch, metrics in rows}
        with self._turn() as turn:
            points = [{"number": number, "epoch": epoch, "metrics": known} for (number, epoch), known in latest.items()]
            for point in points:
                turn.event("trial.epoch", **point)
            new = insert(turn.connection, tables.metric)
            new = new.on_conflict_do_update(
                index_elements=["search_id", "number", "epoch"], set_={"metrics": new.excluded.metrics}
            )
            turn.connection.execute(new, [{"search_id": turn.id, **point} for point in points])

    def log(self, rows: Sequence[tuple[int | None, str]]) -> None:
        """Lines of output: trial number (None: of the search), text."""
        if not rows:
            return
        with self._turn() as turn:
            first = turn.values["log_lines"] + 1
            turn.count(log_lines=len(rows))
            turn.connection.execute(
                plain_insert(tables.log),
                [
                    {"search_id": turn.id, "n": n, "number": number, "at": turn.at, "text": readable(text)}
                    for n, (number, text) in enumerate(rows, first)
                ],
            )

    def known(self, name: str) -> Any:
        """The JSON value kept under this name, or None."""
        row = tables.result.c
        with self._database.reading() as connection:
            mine = and_(row.search_id == self.lease.search_id, row.name == name)
            return connection.scalar(select(row.value).where(mine))

    def keep(self, name: str, value: Any) -> Any:
        """Keep a JSON value for the next owner; returns it."""
        with self._turn() as turn:
            _keep_result(turn, name, value)
        return value

    def shown(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """As keep, and an event: name is `references` or `finalists`."""
        values = [dict(row) for row in rows]
        with self._turn() as turn:
            _keep_result(turn, name, values)
            turn.event(name, rows=values)

    def note(self, text: str) -> None:
        """Something for the user to read."""
        with self._turn() as turn:
            turn.event("search.note", text=readable(text))

    def phase(self, phase: str | None) -> None:
        """What the search is at; ends the progress of the phase before."""
        with self._turn() as turn:
            if turn.values["phase"] != phase:
                turn.set(phase=phase, progress=None)
                turn.event("search.phase", phase=phase)

    def progress(self, what: str, done: int, total: int) -> None:
        """Call it a few times a second at most: each call is an event."""
        with self._turn() as turn:
            turn.set(progress={"what": what, "done": done, "total": total})
            turn.event("search.progress", what=what, done=done, total=total)

    def facts(self, facts: Json, target_latency_ms: float | None) -> None:
        """Descriptions of data set, space, device and objective, known once the search has begun."""
        with self._turn() as turn:
            if (turn.values["facts"], turn.values["target_latency_ms"]) != (facts, target_latency_ms):
                turn.set(facts=facts, target_latency_ms=target_latency_ms)
                turn.event("search.facts", facts=facts)

    def attach(  # noqa: PLR0917 - a file's five facts, and whose it is
        self, kind: str, file: str, media_type: str, sha256: str, size_bytes: int, trial: int | None = None
    ) -> None:
        """Link a file of the artifact store; one of the same name, of the same trial, is replaced."""
        with self._turn() as turn:
            attach(turn, File(kind, file, media_type, sha256, size_bytes), trial)

    def end(self, state: str, reason: str | None = None, message: str | None = None) -> SearchRecord:
        """Give the search back as PAUSED, CANCELLED, SUCCEEDED or FAILED; the lease is over with it.

        Who pauses may find that the client has changed his mind: resumed, the search is QUEUED instead; cancelled, it
        is CANCELLED. StateError for CANCELLED when nobody asked for it.
        """
        with self._journal() as turn:
            settled = _settled(turn, SearchState(state))
            again = settled in (SearchState.PAUSED, SearchState.QUEUED)
            seq = turn.move(settled, reason, None if message is None else readable(message))
            trial_changes.settle(turn, seq, state=TrialState.QUEUED if again else TrialState.CANCELLED)
            return turn.record()

    @contextmanager
    def _turn(self) -> Iterator[Turn]:
        with owners_turn(self._database, self.lease) as turn:
            yield turn

    @contextmanager
    def _journal(self) -> Iterator[Turn]:
        """A turn that begins with the lines that wait."""
        with self._turn() as turn:
            trial_changes.refuse(turn, self._refused)
            yield turn
        self._refused.clear()


def _keep_result(turn: Turn, name: str, value: Any) -> None:
    new = insert(turn.connection, tables.result).values(search_id=turn.id, name=name, value=value)
    new = new.on_conflict_do_update(index_elements=["search_id", "name"], set_={"value": new.excluded.value})
    turn.connection.execute(new)


def _settled(turn: Turn, wanted: SearchState) -> SearchState:
    """The state that wanted comes to, now that the client may have asked for another."""
    state = turn.state
    if wanted is SearchState.PAUSED:
        otherwise = {SearchState.RUNNING: SearchState.QUEUED, SearchState.CANCELLING: SearchState.CANCELLED}
        return otherwise.get(state, wanted)
    if wanted not in TERMINAL or (wanted is SearchState.CANCELLED and state is not SearchState.CANCELLING):
        raise StateError(f"search {turn.id} is {state}: it cannot end as {wanted}")
    return wanted
