"""A service on a folder and a latency database of its own, asked in this process."""

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from nas.service.settings import Settings


@pytest.fixture(scope="module")
def open_client(service_home):
    """Needs no key."""
    with TestClient(create_app(Settings(home=service_home, open=True)), base_url="http://127.0.0.1") as client:
        yield client


@pytest.fixture(scope="module")
def locked_client(service_home):
    """Needs a key, and has none."""
    with TestClient(create_app(Settings(home=service_home)), base_url="http://127.0.0.1") as client:
        yield client
