"""What the routes of one API process share."""

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from api.http.event_stream import Hub
from api.http.metrics import Metrics
from api.http.signing import Signer, load_secret
from nas.jobs.ledger import Ledger
from nas.service.artifact_store import ArtifactStore
from nas.service.settings import Settings


@dataclass(frozen=True, slots=True)
class Service:
    settings: Settings
    ledger: Ledger
    files: ArtifactStore
    signer: Signer
    hub: Hub
    metrics: Metrics = field(default_factory=Metrics)

    @classmethod
    def of(cls, settings: Settings) -> "Service":
        settings.home.mkdir(parents=True, exist_ok=True)
        ledger = Ledger(settings.database_url)
        signer = Signer(load_secret(settings.home / "secret"))
        return cls(settings, ledger, ArtifactStore(settings.artifacts, ledger.artifacts), signer, Hub(ledger.events))


async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Serving = Annotated[Service, Depends(_service)]
"""The parameter of a route that works with the service."""
