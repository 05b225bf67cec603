"""States, and what a client may ask for in each."""

from enum import StrEnum


class SearchState(StrEnum):
    """PAUSING, CANCELLING: a client asked for it, and the dispatcher that owns the search has not done it yet."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    PAUSING = "PAUSING"
    PAUSED = "PAUSED"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class TrialState(StrEnum):
    """PRUNED: stopped early by a pruner; it may be QUEUED again while the search runs."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    PRUNED = "PRUNED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class AttemptState(StrEnum):
    """LOST: its dispatcher died or stopped; the trial is tried again. PRUNED: it came to a rung of a pruner."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    PRUNED = "PRUNED"
    FAILED = "FAILED"
    LOST = "LOST"
    CANCELLED = "CANCELLED"


class ExportState(StrEnum):
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


TERMINAL = frozenset({SearchState.CANCELLED, SearchState.SUCCEEDED, SearchState.FAILED})
"""Final states of a search."""

ACTIVE = frozenset({SearchState.RUNNING, SearchState.PAUSING, SearchState.CANCELLING})
"""A search in one of these states is owned by a dispatcher, or waits for another one if the lease has run out."""

OPEN_TRIALS = frozenset({TrialState.QUEUED, TrialState.RUNNING})
OPEN_EXPORTS = (ExportState.QUEUED.value, ExportState.RUNNING.value)

WAITING = "WAITING_FOR_WORKERS"
"""The phase of a search of which nothing runs; its progress says what it waits for."""

AT_REST = {SearchState.PAUSING: SearchState.PAUSED, SearchState.CANCELLING: SearchState.CANCELLED}
"""What a search becomes once nothing of it runs."""

_S = SearchState
VERBS: dict[str, dict[SearchState, SearchState]] = {
    "pause": {_S.QUEUED: _S.PAUSED, _S.RUNNING: _S.PAUSING, _S.PAUSING: _S.PAUSING, _S.PAUSED: _S.PAUSED},
    "resume": {_S.PAUSED: _S.QUEUED, _S.PAUSING: _S.RUNNING, _S.QUEUED: _S.QUEUED, _S.RUNNING: _S.RUNNING},
    "cancel": {
        _S.QUEUED: _S.CANCELLED,
        _S.PAUSED: _S.CANCELLED,
        _S.RUNNING: _S.CANCELLING,
        _S.PAUSING: _S.CANCELLING,
        _S.CANCELLING: _S.CANCELLING,
        _S.CANCELLED: _S.CANCELLED,
    },
}
"""The state that follows, by verb and state; the same state if nothing is to be done. A verb is refused in a state that
it has no entry for.
"""
