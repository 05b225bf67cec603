"""Settings for the services of a module."""

import pytest

from nas.service.settings import Settings


@pytest.fixture(scope="module")
def settings(service_home):
    """Of a service that needs no key."""
    return Settings(home=service_home, open=True)
