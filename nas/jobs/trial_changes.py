"""Changes of trials, inside a transaction of their search."""

from collections.abc import Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import and_, bindparam, delete, insert, select, update

from nas.jobs import tables
from nas.jobs.artifacts import keep_artifact
from nas.jobs.errors import StateError
from nas.jobs.records import File
from nas.jobs.search_transaction import SearchTransaction
from nas.jobs.states import OPEN_TRIALS, AttemptState, SearchState, TrialState
from nas.metric import FRONT, directions, metrics
from nas.pareto import front
from nas.sql.column_types import readable
from nas.sql.ids import trial_id
from nas.trial import State

Line = Mapping[str, Any]

# Built once: building a statement takes longer than running it.
_trial, _attempt = tables.trial.c, tables.attempt.c
_THIS = and_(_trial.search_id == bindparam("this"), _trial.number == bindparam("trial"))
_OPEN = select(_trial.state, _trial.attempts, _trial.started_at).where(_THIS)
_CHANGE = update(tables.trial).where(_THIS)
_ON_FRONT = select(_trial.number, *(_trial[name] for name in FRONT)).where(
    _trial.search_id == bindparam("this"), _trial.on_front
)
_RUNNING = and_(_attempt.search_id == bindparam("this"), _attempt.state == AttemptState.RUNNING.value)
_END_ALL = update(tables.attempt).where(_RUNNING)
_END_ONE = _END_ALL.where(_attempt.number == bindparam("trial"))
_ASK = insert(tables.trial)
_START = insert(tables.attempt)

_ENDED = {
    State.SUCCEEDED: TrialState.SUCCEEDED,
    State.FAILED: TrialState.FAILED,
    State.PRUNED: TrialState.PRUNED,
    State.INFEASIBLE: TrialState.FAILED,  # its training brought it over a limit; the reason says so
}
"""The trial's state in the ledger, by the state in a `told` line of the journal."""

LEASE_OVER = "the dispatcher's lease ran out"
"""Why an attempt was lost."""

_DESCRIBED = ("architecture_id", "notation", "architecture", "choices")


def pass_over(transaction: SearchTransaction, lines: list[Line]) -> None:
    """Store lines on candidates that are no trials: refused, or repeated."""
    for kind, passed in groupby(lines, key=itemgetter("event")):
        together = [dict(line) for line in passed]
        if kind == "refused":
            transaction.count(refused=len(together))
        transaction.event(f"candidates.{kind}", lines=together)


def ask(transaction: SearchTransaction, line: Line) -> None:
    """Add the trial. StateError unless its number is the next one."""
    if line["trial"] != transaction.values["trials"]:
        raise StateError(
            f"search {transaction.id} has {transaction.values['trials']} trials: {line['trial']} is not the next number"
        )
    transaction.count(trials=1, queued=1)
    values = {
        "number": line["trial"],
        "state": TrialState.QUEUED.value,
        **{name: line[name] for name in _DESCRIBED},
        "reused": False,
        "on_front": False,
        "attempts": 0,
        "seq": transaction.event("trial.asked", lines=[dict(line)]),
        "created_at": transaction.at,
    }
    transaction.connection.execute(_ASK, {"search_id": transaction.id, **values, **_metrics(line["metrics"])})


def promote(transaction: SearchTransaction, line: Line) -> None:
    """Queue the pruned trial again, as it goes on. StateError unless it is pruned."""
    number = line["trial"]
    row = _known(transaction, number)
    if row.state != TrialState.PRUNED:
        raise StateError(f"trial {trial_id(transaction.id, number)} is {row.state}: only a pruned one goes on")
    transaction.count(pruned=-1, queued=1)
    seq = transaction.event("trial.promoted", lines=[dict(line)], number=number)
    queued = {"state": TrialState.QUEUED.value, "seq": seq, "reward": None, "reason": None, "ended_at": None}
    transaction.connection.execute(_CHANGE, {**_key(transaction, number), **queued})


def pass_rung(transaction: SearchTransaction, line: Line) -> None:
    """The trial has come to a rung and goes on: it is queued for its next part. StateError if it has ended."""
    number = line["trial"]
    row = _open_trial(transaction, number)
    transaction.count(**{row.state.lower(): -1, "queued": 1})
    seq = transaction.event("trial.rung", lines=[dict(line)], number=number)
    queued = {"state": TrialState.QUEUED.value, "seq": seq}
    transaction.connection.execute(_CHANGE, {**_key(transaction, number), **queued})
    if row.state == TrialState.RUNNING:
        _end_attempts(transaction, AttemptState.PRUNED, None, number)


def start(transaction: SearchTransaction, number: int, epoch: int, worker: str) -> int:
    """Begin an attempt; returns its number. StateError unless the trial is queued."""
    row = _open_trial(transaction, number)
    if row.state != TrialState.QUEUED:
        raise StateError(f"trial {trial_id(transaction.id, number)} is {row.state}: it has an attempt already")
    attempt = int(row.attempts) + 1
    transaction.count(queued=-1, running=1)
    seq = transaction.event("trial.started", number=number, attempt=attempt, worker=worker)
    running = {"state": TrialState.RUNNING.value, "attempts": attempt, "started_at": row.started_at or transaction.at}
    transaction.connection.execute(_CHANGE, {**_key(transaction, number), **running, "seq": seq})
    begun = {"number": number, "attempt": attempt, "epoch": epoch, "worker": worker, "started_at": transaction.at}
    transaction.connection.execute(_START, {"search_id": transaction.id, "state": AttemptState.RUNNING.value, **begun})
    return attempt


def lose_all(transaction: SearchTransaction, reason: str) -> None:
    """Queue every running trial again, its attempt lost: the dispatcher that had them is gone."""
    running = select(_trial.number, _trial.attempts).where(
        _trial.search_id == transaction.id, _trial.state == TrialState.RUNNING.value
    )
    for number, attempt in transaction.connection.execute(running.order_by(_trial.number)).all():
        transaction.count(running=-1, queued=1)
        seq = transaction.event("trial.lost", number=number, attempt=attempt, reason=reason)
        queued = {"state": TrialState.QUEUED.value, "seq": seq}
        transaction.connection.execute(_CHANGE, {**_key(transaction, number), **queued})
    _end_attempts(transaction, AttemptState.LOST, reason)


def tell(transaction: SearchTransaction, line: Line, *, reused: bool) -> None:
    """End the trial. StateError if it has a result already. The time does not grow with the number of trials."""
    number, state = line["trial"], _ENDED[State(line["state"])]
    row = _open_trial(transaction, number)
    known = _metrics(line["metrics"])
    on_front = state is TrialState.SUCCEEDED and _enter_front(transaction, known)
    transaction.count(**{row.state.lower(): -1, state.value.lower(): 1, "reused": int(reused)})
    best = transaction.values["best_reward"]
    reward = None if state is TrialState.FAILED else line["reward"]
    if state is TrialState.SUCCEEDED and reward is not None and (best is None or reward > best):
        transaction.set(best_trial=number, best_reward=reward)
    shown = {"state": state.value, "reward": reward, "on_front": on_front, "reused": reused}
    seq = transaction.event("trial.told", lines=[dict(line)], number=number, metrics=dict(line["metrics"]), **shown)
    reason = None if line["reason"] is None else readable(line["reason"])
    values = {"reason": reason, "seq": seq, "ended_at": transaction.at, **shown, **known}
    transaction.connection.execute(_CHANGE, {**_key(transaction, number), **values})
    if row.state == TrialState.RUNNING:
        _end_attempts(transaction, AttemptState(state.value), reason, number)


def come_to_rest(
    transaction: SearchTransaction, state: SearchState, reason: str | None = None, message: str | None = None
) -> None:
    """Pause or end a search that no dispatcher owns."""
    lose_all(transaction, LEASE_OVER)
    seq = transaction.move(state, reason, message)
    settle(transaction, seq, state=TrialState.QUEUED if state is SearchState.PAUSED else TrialState.CANCELLED)


def settle(transaction: SearchTransaction, seq: int, *, state: TrialState) -> None:
    """Set open trials to CANCELLED, or to QUEUED, which are tried again. seq: of the event that says so."""
    open_now = transaction.values["queued"] + transaction.values["running"]
    transaction.set(queued=0, running=0)
    transaction.count(**{state.value.lower(): open_now})
    values: dict[str, Any] = {"state": state.value, "seq": seq}
    if state is TrialState.CANCELLED:
        values["ended_at"] = transaction.at
    leaving = [left.value for left in OPEN_TRIALS if left is not state]
    open_trials = and_(_trial.search_id == transaction.id, _trial.state.in_(leaving))
    transaction.connection.execute(update(tables.trial).where(open_trials).values(**values))
    _end_attempts(transaction, AttemptState.CANCELLED, None)


def _enter_front(transaction: SearchTransaction, known: dict[str, Any]) -> bool:
    """Whether the trial is on the front; those that it dominates leave it.

    Only the front is compared with: what another trial dominates, a trial of the front dominates as well.
    """
    point = [known[name] for name in FRONT]
    if None in point:
        return False
    members = transaction.connection.execute(_ON_FRONT, {"this": transaction.id}).all()
    stay = set(front([*(values for _, *values in members), point], directions(FRONT)))
    beaten = [number for index, (number, *_) in enumerate(members) if index not in stay]
    if beaten:
        leaving = update(tables.trial).where(_trial.search_id == transaction.id, _trial.number.in_(beaten))
        transaction.connection.execute(
            leaving.values(on_front=False, seq=transaction.seq + 1)
        )  # the event of this result follows
    return len(members) in stay


def _metrics(given: Mapping[str, float]) -> dict[str, Any]:
    """Values of the column of all metrics, and of those metrics that have columns of their own."""
    declared = metrics()
    columns = {name: given.get(name) for name in tables.METRICS}
    whole = {name: int(value) for name, value in columns.items() if value is not None and declared[name].whole}
    return {"metrics": dict(given), **columns, **whole}


def _key(transaction: SearchTransaction, number: int) -> dict[str, Any]:
    return {"this": transaction.id, "trial": number}


def _open_trial(transaction: SearchTransaction, number: int) -> Any:
    """The trial's state, attempts and start. StateError if it has ended or does not exist."""
    known = _known(transaction, number)
    if known.state not in OPEN_TRIALS:
        raise StateError(f"trial {trial_id(transaction.id, number)} is {known.state}: it is not open")
    return known


def _known(transaction: SearchTransaction, number: int) -> Any:
    """The trial's state, attempts and start. StateError if it does not exist."""
    known = transaction.connection.execute(_OPEN, _key(transaction, number)).one_or_none()
    if known is None:
        raise StateError(f"trial {trial_id(transaction.id, number)} is unknown: it is not open")
    return known


def _end_attempts(
    transaction: SearchTransaction, state: AttemptState, reason: str | None, number: int | None = None
) -> None:
    """End the running attempts of one trial, or of all if number is None."""
    ended = {"state": state.value, "reason": reason, "ended_at": transaction.at}
    if number is None:
        transaction.connection.execute(_END_ALL, {"this": transaction.id, **ended})
    else:
        transaction.connection.execute(_END_ONE, {**_key(transaction, number), **ended})


def attach(transaction: SearchTransaction, file: File, trial: int | None) -> None:
    """Link the file; it replaces one of the same name and trial."""
    keep_artifact(transaction.connection, file.sha256, file.size_bytes, {"media_type": file.media_type})
    link = tables.artifact_link
    same = (link.c.search_id == transaction.id, link.c.number.is_not_distinct_from(trial), link.c.file == file.file)
    transaction.connection.execute(delete(link).where(*same))
    transaction.connection.execute(
        insert(link).values(search_id=transaction.id, number=trial, kind=file.kind, file=file.file, sha256=file.sha256)
    )
    transaction.event(
        "artifact.added", trial=trial, kind=file.kind, file=file.file, sha256=file.sha256, size_bytes=file.size_bytes
    )
