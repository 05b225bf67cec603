"""The service's resources with what a notebook wants: cards and data frames."""

from datetime import datetime
from typing import Any

from api.client.cards import card, front_drawing
from api.client.frames import frame
from api.schemas.front import ParetoOut
from api.schemas.search import SearchSummary, Urls
from api.schemas.trial import TrialDetail, TrialOut


class SearchValue(SearchSummary):
    """A search as it was when it was asked for. spec and facts are None in a list."""

    transition_at: datetime | None = None  # type: ignore[assignment]  # an older service does not send it
    urls: Urls | None = None  # type: ignore[assignment]  # as above
    spec: dict[str, Any] | None = None
    facts: dict[str, Any] | None = None

    def _repr_html_(self) -> str:
        rows = {
            "id": self.id,
            "state": self.state if self.phase is None else f"{self.state} ({self.phase})",
            "because": self.state_message or self.state_reason,
            "trials": f"{self.counts.done} of {self.max_trials}",
            "best": None if self.best is None else f"reward {self.best.reward:.4f} (trial {self.best.trial})",
            "target": None if self.target_latency_ms is None else f"{self.target_latency_ms:.4g} ms",
            "left": None if self.eta_seconds is None else f"about {self.eta_seconds:.0f} s",
        }
        return card(self.name or self.id, rows)


class Trial(TrialOut):
    """A candidate, as lists show it."""

    created_at: datetime | None = None  # type: ignore[assignment]  # an older service does not send it

    def _repr_html_(self) -> str:
        rows: dict[str, object] = {
            "architecture": self.architecture_id,
            "state": self.state if self.reason is None else f"{self.state}: {self.reason}",
            "reward": self.reward,
            **self.metrics,
            "network": self.notation,
        }
        return card(f"Trial {self.number}", rows)


class SingleTrial(Trial, TrialDetail):
    """A candidate with its diagram, the curve of its training, its attempts and its artifacts."""


class Pareto(ParetoOut):
    """The trials that no other trial beats in both accuracy and latency, and what they are compared with."""

    def to_pandas(self) -> Any:
        """The front as a pandas.DataFrame, one row a point. MissingPackageError without pandas."""
        return frame([{**p.model_dump(exclude={"metrics"}), **p.metrics} for p in self.points])

    def _repr_html_(self) -> str:
        measured = [p.metrics for p in self.points]
        known = [(m["latency_ms"], m["accuracy"]) for m in measured if {"latency_ms", "accuracy"} <= m.keys()]
        places = [(x, y) for x, y in known if x is not None and y is not None]
        rows = {
            "search": self.search_id,
            "points": len(self.points),
            "target": None if self.target_latency_ms is None else f"{self.target_latency_ms:.4g} ms",
            "finalists": ", ".join(f.file or f.id for f in self.finalists) or None,
        }
        return card("Pareto front", rows, front_drawing(places, self.target_latency_ms))
