"""Trials, read."""

from collections.abc import Sequence
from typing import Any

from nas.jobs.records import AttemptRecord, Columns, LogRecord, TrialRecord


class Trials:
    def get(self, trial_id: str) -> TrialRecord:
        raise NotImplementedError

    def page(self, search_id: str, *, after: int = -1, limit: int = 50, states: Sequence[str] = ()) -> list[TrialRecord]:
        raise NotImplementedError

    def columns(self, search_id: str, after_seq: int = 0) -> Columns:
        raise NotImplementedError

    def front(self, search_id: str) -> list[TrialRecord]:
        raise NotImplementedError

    def attempts(self, trial_id: str) -> list[AttemptRecord]:
        raise NotImplementedError

    def curve(self, trial_id: str) -> list[dict[str, Any]]:
        raise NotImplementedError

    def log(self, trial_id: str, after: int = 0, limit: int = 1000) -> list[LogRecord]:
        raise NotImplementedError

    def search_log(self, search_id: str, after: int = 0, limit: int = 1000) -> list[LogRecord]:
        raise NotImplementedError

    def results(self, search_id: str) -> dict[str, Any]:
        raise NotImplementedError
