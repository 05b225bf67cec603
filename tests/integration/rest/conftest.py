"""Settings and clients of services that need no key: one for a test, or one for the tests of a module."""

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from nas.service.settings import Settings


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """Of a test's own service."""
    monkeypatch.setenv("NAS_LATENCY_DB", str(tmp_path / "latency.db"))
    return Settings(home=tmp_path, open=True)


@pytest.fixture
def client(settings):
    """A test's own service, asked in this process."""
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        yield client


@pytest.fixture(scope="module")
def shared_settings(service_home):
    """Of a service that the tests of a module share."""
    return Settings(home=service_home, open=True)
