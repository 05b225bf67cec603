"""The routes of the service, one module for each kind of resource; a module is found because it is here.

Each has a `router`, whose tag is its heading in OpenAPI and on the page of operations.
"""

import pkgutil
from collections.abc import Iterator
from importlib import import_module

from fastapi import APIRouter


def routers() -> Iterator[APIRouter]:
    """The routers of all modules in this folder, by name of the module."""
    for module in pkgutil.iter_modules(__path__):
        router: APIRouter = import_module(f"{__name__}.{module.name}").router
        yield router
