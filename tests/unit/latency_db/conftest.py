"""Records made by hand, for a device that is not this machine."""

import pytest
from made_up import pocket

from latency_db.storing.store import Store


@pytest.fixture
def elsewhere():
    return pocket()


@pytest.fixture
def store(latency_file):
    return Store(latency_file)
