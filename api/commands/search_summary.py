"""The events of a search summed up for a person who watches it."""

from collections import deque
from datetime import UTC, datetime, timedelta
from typing import Any

from api.client import Event, Search
from nas.metric import FRONT, directions
from nas.pareto import front

LAST_TRIALS = 5


class SearchSummary:
    """The state of a search, updated event by event. best and last: the data of the trials' `trial.told` events."""

    def __init__(self, search: Search) -> None:
        self.id = search.id
        self.name = search.name or search.id
        self.max_trials = search.max_trials
        self.state = "QUEUED"
        self.ended = False
        self.phase: str | None = None
        self.progress: dict[str, Any] | None = None
        self.done = self.failed = self.pruned = self.reused = 0
        self.best: dict[str, Any] | None = None
        self.last: deque[dict[str, Any]] = deque(maxlen=LAST_TRIALS)
        self.front: list[tuple[float, float]] = []
        """Latency in ms and accuracy of the trials on the front, by rising latency."""
        self._left: tuple[timedelta, datetime] | None = None
        self._began_at: datetime | None = None
        self._last_result_at: datetime | None = None

    def add(self, event: Event) -> str | None:
        """Update the summary by an event; returns the event as a line to print, None for one that is not shown."""
        handle = getattr(self, "_" + event.type.replace(".", "_"), None)
        line: str | None = None if handle is None else handle(event)
        self.ended = self.ended or event.ends
        return line

    def left(self, now: datetime) -> timedelta | None:
        """Time until the search ends, as its dispatcher has told, or until the last trial at the rate so far."""
        if self._left is not None:
            left, told_at = self._left
            return max(left - (now - told_at), timedelta(seconds=1))
        if self._began_at is None or self._last_result_at is None or not self.done or self.done >= self.max_trials:
            return None
        each = (self._last_result_at - self._began_at) / self.done
        return max(each * (self.max_trials - self.done) - (now - self._last_result_at), timedelta())

    def _search_state(self, event: Event) -> str:
        self.state = event.data["state"]
        if event.ends:
            self.phase = self.progress = None
        because = event.data.get("message") or event.data.get("reason")
        return self.state + (f": {because}" if because else "")

    def _search_phase(self, event: Event) -> str | None:
        self.phase, self.progress = event.data["phase"], None
        self._take_left(event)
        return self.phase and self.phase.lower().replace("_", " ")

    def _search_progress(self, event: Event) -> None:
        self.progress = event.data
        self._take_left(event)

    def _take_left(self, event: Event) -> None:
        if (seconds := event.data.get("left_s")) is not None:
            self._left = timedelta(seconds=seconds), event.at

    def _search_note(self, event: Event) -> str:
        return str(event.data["text"])

    def _search_changed(self, event: Event) -> None:
        fields = event.data.get("fields")
        if isinstance(fields, dict):
            self.max_trials = fields.get("max_trials", self.max_trials)

    def _trial_started(self, event: Event) -> None:
        self._began_at = self._began_at or event.at

    def _trial_lost(self, event: Event) -> str:
        return f"trial {event.data['number']} is started again: {event.data['reason']}"

    def _trial_told(self, event: Event) -> str:
        trial = event.data
        self._began_at, self._last_result_at = self._began_at or event.at, event.at
        self.done += 1
        self.failed += trial["state"] == "FAILED"
        self.pruned += trial["state"] == "PRUNED"
        self.reused += bool(trial["reused"])
        self.last.append(trial)
        reward, metrics = trial["reward"], trial["metrics"]
        if reward is not None and trial["state"] != "PRUNED" and (self.best is None or reward > self.best["reward"]):
            self.best = trial
        if trial["state"] == "SUCCEEDED" and {"latency_ms", "accuracy"} <= metrics.keys():
            points = [*self.front, (metrics["latency_ms"], metrics["accuracy"])]
            self.front = [points[i] for i in front(points, directions(FRONT))]
        return f"trial {trial['number']} ({self.done}/{self.max_trials})  {described(trial)}"

    def _trial_promoted(self, event: Event) -> str:
        self.done, self.pruned = self.done - 1, self.pruned - 1
        return f"trial {event.data['number']} goes on"

    def _artifact_added(self, event: Event) -> str:
        return f"file {event.data['file']}"


def described(trial: dict[str, Any]) -> str:
    """The result of a trial in one line."""
    reasons = [line["reason"] for line in trial.get("lines", ()) if line.get("reason")]
    if trial["state"] not in {"SUCCEEDED", "PRUNED"}:
        return ": ".join([trial["state"].lower(), *reasons])
    metrics, parts = trial["metrics"], reasons
    for name, form in (("accuracy", "{:.1%}"), ("latency_ms", "{:.3f} ms"), ("params", "{:,.0f} params")):
        if metrics.get(name) is not None:
            parts.append(form.format(metrics[name]))
    if trial["reward"] is not None:
        parts.append(f"reward {trial['reward']:.4f}")
    return "  ".join(parts + ["not trained again"] * bool(trial["reused"]))


def now() -> datetime:
    return datetime.now(UTC)
