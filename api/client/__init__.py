"""The Python client of the service.

    from api.client import Client

    search = Client().submit(dataset="fashion_mnist_mini", max_trials=16)
    for event in search.watch():
        print(event.type, event.data)
    print(search.pareto().to_pandas())

AsyncClient has the same methods, to await. Of the service only the schemas of its resources are imported.
"""

from api.client.client import AsyncClient, Client
from api.client.errors import ApiError, DamagedError, MissingPackageError, UnreachableError, WaitTimeoutError
from api.client.objects import Pareto, SingleTrial, Trial
from api.client.search import AsyncSearch, Search
from api.schemas.device import LatencyEstimate as Estimate
from api.schemas.front import Baseline, Finalist, ModelFile, Point, Ranking, Reference
from api.schemas.proxy_check import ProxyCheckOut as ProxyCheck
from api.schemas.suggestion import SuggestionOut as Suggestion
from api.schemas.trial import ArtifactOut as Artifact
from api.schemas.trial import EventOut as Event
from api.schemas.trial import ExportFile
from api.schemas.trial import ExportOut as Export
from api.schemas.winner import WinnerOut as Winner

__all__ = [
    "ApiError",
    "Artifact",
    "AsyncClient",
    "AsyncSearch",
    "Baseline",
    "Client",
    "DamagedError",
    "Estimate",
    "Event",
    "Export",
    "ExportFile",
    "Finalist",
    "MissingPackageError",
    "ModelFile",
    "Pareto",
    "Point",
    "ProxyCheck",
    "Ranking",
    "Reference",
    "Search",
    "SingleTrial",
    "Suggestion",
    "Trial",
    "UnreachableError",
    "WaitTimeoutError",
    "Winner",
]
