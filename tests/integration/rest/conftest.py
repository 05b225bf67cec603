"""A home of their own for the services of a module."""

import pytest

from nas.service.settings import Settings


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NAS_LATENCY_DB", str(home / "latency.db"))
        yield home


@pytest.fixture(scope="module")
def settings(home):
    """Of a service that needs no key."""
    return Settings(home=home, open=True)
