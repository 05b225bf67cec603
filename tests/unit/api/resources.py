"""A service on a folder and a latency database of its own, asked in this process."""

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from nas.jobs.settings import Settings


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module", autouse=True)
def latency_db(home):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NAS_LATENCY_DB", str(home / "latency.db"))
        yield


@pytest.fixture(scope="module")
def client(home):
    """Needs no key."""
    with TestClient(create_app(Settings(home=home, open=True)), base_url="http://127.0.0.1") as connected:
        yield connected


@pytest.fixture(scope="module")
def locked(home):
    """Needs a key; nobody has one but those that a test makes."""
    with TestClient(create_app(Settings(home=home)), base_url="http://127.0.0.1") as connected:
        yield connected


def problem(response, status, reason):
    """The problem that a response must be."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["reason"] == reason, body
    return body
