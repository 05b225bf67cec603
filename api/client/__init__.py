"""The Python client of the service.

    from api.client import Client

    search = Client().submit(dataset="fashion_mnist_mini", max_trials=16)
    for event in search.watch():
        print(event.type, event.data)
    print(search.pareto().to_pandas())

AsyncClient has the same methods, to await. Nothing else of the service is imported.
"""

from api.client.asynchronous import AsyncClient, AsyncSearch
from api.client.errors import ApiError, DamagedError, MissingPackageError, UnreachableError, WaitTimeoutError
from api.client.objects import Artifact, Estimate, Event, Export, Finalist, ModelFile, Pareto, Point, Reference, Trial
from api.client.sync import Client, Search

__all__ = [
    "ApiError",
    "Artifact",
    "AsyncClient",
    "AsyncSearch",
    "Client",
    "DamagedError",
    "Estimate",
    "Event",
    "Export",
    "Finalist",
    "MissingPackageError",
    "ModelFile",
    "Pareto",
    "Point",
    "Reference",
    "Search",
    "Trial",
    "UnreachableError",
    "WaitTimeoutError",
]
