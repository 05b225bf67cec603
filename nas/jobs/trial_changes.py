"""What happens to trials, inside a turn of their search."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, bindparam, delete, insert, select, update

from nas.jobs import tables
from nas.jobs.errors import StateError
from nas.jobs.records import File
from nas.jobs.search_transaction import Turn
from nas.jobs.states import OPEN_TRIALS, AttemptState, TrialState
from nas.pareto import front
from nas.sql.columns import readable
from nas.sql.database import insert as upsert
from nas.sql.ids import trial_id

Line = Mapping[str, Any]

# Made once: to build a statement costs more than to run it.
_trial, _attempt = tables.trial.c, tables.attempt.c
_THIS = and_(_trial.search_id == bindparam("this"), _trial.number == bindparam("trial"))
_OPEN = select(_trial.state, _trial.attempts, _trial.started_at).where(_THIS)
_CHANGE = update(tables.trial).where(_THIS)
_FRONT = select(_trial.number, _trial.latency_ms, _trial.accuracy).where(
    _trial.search_id == bindparam("this"), _trial.on_front
)
_RUNNING = and_(_attempt.search_id == bindparam("this"), _attempt.state == AttemptState.RUNNING.value)
_END_ALL = update(tables.attempt).where(_RUNNING)
_END_ONE = _END_ALL.where(_attempt.number == bindparam("trial"))
_ASK = insert(tables.trial)
_START = insert(tables.attempt)

_MEASURED = ("accuracy", "latency_ms")
_COUNTED = ("params", "macs", "size_bytes")
_DESCRIBED = ("architecture_id", "notation", "architecture", "choices")


def refuse(turn: Turn, lines: list[Line]) -> None:
    """Keep lines on candidates that were over a limit."""
    if lines:
        turn.count(refused=len(lines))
        turn.event("candidates.refused", lines=[dict(line) for line in lines])


def ask(turn: Turn, line: Line) -> None:
    """Add the trial. StateError unless its number is the next one."""
    if line["trial"] != turn.values["trials"]:
        raise StateError(f"search {turn.id} has {turn.values['trials']} trials: {line['trial']} is not the next number")
    turn.count(trials=1, queued=1)
    values = {
        "number": line["trial"],
        "state": TrialState.QUEUED.value,
        **{name: line[name] for name in _DESCRIBED},
        "reused": False,
        "on_front": False,
        "attempts": 0,
        "seq": turn.event("trial.asked", lines=[dict(line)]),
        "created_at": turn.at,
    }
    turn.connection.execute(_ASK, {"search_id": turn.id, **values, **_metrics(line["metrics"])})


def start(turn: Turn, number: int, epoch: int, worker: str) -> int:
    """Begin an attempt; returns its number. StateError unless the trial is queued."""
    row = _open_trial(turn, number)
    if row.state != TrialState.QUEUED:
        raise StateError(f"trial {trial_id(turn.id, number)} is {row.state}: it has an attempt already")
    attempt = int(row.attempts) + 1
    turn.count(queued=-1, running=1)
    seq = turn.event("trial.started", number=number, attempt=attempt, worker=worker)
    running = {"state": TrialState.RUNNING.value, "attempts": attempt, "started_at": row.started_at or turn.at}
    turn.connection.execute(_CHANGE, {**_key(turn, number), **running, "seq": seq})
    begun = {"number": number, "attempt": attempt, "epoch": epoch, "worker": worker, "started_at": turn.at}
    turn.connection.execute(_START, {"search_id": turn.id, "state": AttemptState.RUNNING.value, **begun})
    return attempt


def lose(turn: Turn, number: int, reason: str) -> None:
    """Queue a running trial again, whose attempt came to nothing."""
    row = _open_trial(turn, number)
    if row.state != TrialState.RUNNING:
        raise StateError(f"trial {trial_id(turn.id, number)} is {row.state}: it has no attempt to lose")
    turn.count(running=-1, queued=1)
    reason = readable(reason)
    seq = turn.event("trial.lost", number=number, attempt=row.attempts, reason=reason)
    turn.connection.execute(_CHANGE, {**_key(turn, number), "state": TrialState.QUEUED.value, "seq": seq})
    _end_attempts(turn, AttemptState.LOST, reason, number)


def lose_all(turn: Turn, reason: str) -> None:
    """Queue every running trial again: the dispatcher that had them is gone."""
    running = select(_trial.number).where(_trial.search_id == turn.id, _trial.state == TrialState.RUNNING.value)
    for number in turn.connection.scalars(running.order_by(_trial.number)).all():
        lose(turn, number, reason)


def tell(turn: Turn, line: Line, *, reused: bool) -> None:
    """End the trial, in time that does not grow with their number. StateError if it has its result already."""
    number, state = line["trial"], TrialState(line["state"].upper())
    row = _open_trial(turn, number)
    known = _metrics(line["metrics"])
    on_front = state is TrialState.SUCCEEDED and _enter_front(turn, known)
    turn.count(**{row.state.lower(): -1, state.value.lower(): 1, "reused": int(reused)})
    if line["reward"] is not None and (
        turn.values["best_reward"] is None or line["reward"] > turn.values["best_reward"]
    ):
        turn.set(best_trial=number, best_reward=line["reward"])
    shown = {"state": state.value, "reward": line["reward"], "on_front": on_front, "reused": reused}
    seq = turn.event("trial.told", lines=[dict(line)], number=number, metrics=dict(line["metrics"]), **shown)
    reason = None if line["reason"] is None else readable(line["reason"])
    values = {"reason": reason, "seq": seq, "ended_at": turn.at, **shown, **known}
    turn.connection.execute(_CHANGE, {**_key(turn, number), **values})
    if row.state == TrialState.RUNNING:
        _end_attempts(turn, AttemptState(state.value), reason, number)


def settle(turn: Turn, seq: int, *, state: TrialState) -> None:
    """Stop the open trials, at the event seq: for good if CANCELLED, to begin again if QUEUED."""
    open_now = turn.values["queued"] + turn.values["running"]
    turn.set(queued=0, running=0)
    turn.count(**{state.value.lower(): open_now})
    values: dict[str, Any] = {"state": state.value, "seq": seq}
    if state is TrialState.CANCELLED:
        values["ended_at"] = turn.at
    leaving = [left.value for left in OPEN_TRIALS if left is not state]
    open_trials = and_(_trial.search_id == turn.id, _trial.state.in_(leaving))
    turn.connection.execute(update(tables.trial).where(open_trials).values(**values))
    _end_attempts(turn, AttemptState.CANCELLED, None)


def _enter_front(turn: Turn, known: dict[str, Any]) -> bool:
    """Compare with the trials on the front only: whom they dominate, no other can be beaten by."""
    if any(known[name] is None for name in _MEASURED):
        return False
    members = turn.connection.execute(_FRONT, {"this": turn.id}).all()
    points = [(latency_ms, accuracy) for _, latency_ms, accuracy in members]
    stay = set(front([*points, (known["latency_ms"], known["accuracy"])]))
    beaten = [number for index, (number, _, _) in enumerate(members) if index not in stay]
    if beaten:
        leaving = update(tables.trial).where(_trial.search_id == turn.id, _trial.number.in_(beaten))
        turn.connection.execute(leaving.values(on_front=False, seq=turn.seq + 1))  # the event that tells follows
    return len(members) in stay


def _metrics(given: Mapping[str, float]) -> dict[str, Any]:
    """The metrics, and those of them that have columns."""
    known: dict[str, Any] = {"metrics": dict(given)}
    known |= {name: given.get(name) for name in _MEASURED}
    return known | {name: int(given[name]) if name in given else None for name in _COUNTED}


def _key(turn: Turn, number: int) -> dict[str, Any]:
    return {"this": turn.id, "trial": number}


def _open_trial(turn: Turn, number: int) -> Any:
    """The trial's state, attempts and start. StateError if it is over, or is none."""
    known = turn.connection.execute(_OPEN, _key(turn, number)).one_or_none()
    if known is None or known.state not in OPEN_TRIALS:
        raise StateError(f"trial {trial_id(turn.id, number)} is {known.state if known else 'unknown'}: it is not open")
    return known


def _end_attempts(turn: Turn, state: AttemptState, reason: str | None, number: int | None = None) -> None:
    """End the running attempts: of one trial, or of all."""
    ended = {"state": state.value, "reason": reason, "ended_at": turn.at}
    if number is None:
        turn.connection.execute(_END_ALL, {"this": turn.id, **ended})
    else:
        turn.connection.execute(_END_ONE, {**_key(turn, number), **ended})


def attach(turn: Turn, file: File, trial: int | None) -> None:
    """Link the file, in place of one of that name of the same trial."""
    size = {"sha256": file.sha256, "size_bytes": file.size_bytes}
    new = upsert(turn.connection, tables.artifact).values(**size, media_type=file.media_type, created_at=turn.at)
    turn.connection.execute(new.on_conflict_do_nothing())
    link = tables.artifact_link
    same = (link.c.search_id == turn.id, link.c.number.is_not_distinct_from(trial), link.c.file == file.file)
    turn.connection.execute(delete(link).where(*same))
    turn.connection.execute(
        insert(link).values(search_id=turn.id, number=trial, kind=file.kind, file=file.file, sha256=file.sha256)
    )
    turn.event("artifact.added", trial=trial, kind=file.kind, file=file.file, **size)
