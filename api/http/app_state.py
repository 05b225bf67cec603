"""What the routes of one API process share."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from api.http.concurrency import Limiter, limiters
from api.http.event_stream import EventStreams
from api.http.metrics import Metrics
from api.http.rates import Rates
from api.http.signing import Signer, load_secret
from nas.jobs.ledger import Ledger
from nas.service.artifact_store import ArtifactStore
from nas.service.disk_use import DiskSizes
from nas.service.settings import Settings
from nas.service.trained_searches import TrainedSearches
from nas.sql.connections import Connections

if TYPE_CHECKING:
    from api.latency import Latency

CONNECTION_WAIT_S = 5.0
"""For a connection to the database; then the answer is 503, so that requests do not pile up."""


@dataclass(frozen=True, slots=True)
class AppState:
    settings: Settings
    ledger: Ledger
    files: ArtifactStore
    signer: Signer
    streams: EventStreams
    disk: DiskSizes
    rates: Rates
    trained: TrainedSearches
    metrics: Metrics = field(default_factory=Metrics)
    limiters: Mapping[str, Limiter] = field(default_factory=limiters)

    @classmethod
    def of(cls, settings: Settings) -> "AppState":
        settings.make_home()
        ledger = Ledger(settings.database_url, _connections(settings))
        signer = Signer(load_secret(settings.home / "secret"))
        files = ArtifactStore(settings.artifacts, ledger.artifacts)
        disk = DiskSizes(settings, ledger.artifacts)
        streams, trained = EventStreams(ledger.events), TrainedSearches(ledger)
        return cls(settings, ledger, files, signer, streams, disk, Rates.of(settings), trained)

    @property
    def latency(self) -> "Latency":
        """The latency database, opened. StoreError if it cannot be used."""
        from api.latency import Latency  # noqa: PLC0415 - half a second and a runtime, which most requests do not need

        return Latency(_connections(self.settings))


def _connections(settings: Settings) -> Connections:
    return replace(settings.connections, wait_s=CONNECTION_WAIT_S)


async def _state(request: Request) -> AppState:
    state: AppState = request.app.state.shared
    return state


App = Annotated[AppState, Depends(_state)]
"""For a route that uses the shared state: its parameter `app: App`."""
