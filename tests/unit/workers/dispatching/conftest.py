"""Settings of a dispatcher without processes of its own, and its ledger."""

import pytest
from live_service import ledger_of

from nas.service.settings import Settings


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path, executor="inline", threads=1)


@pytest.fixture
def ledger(settings):
    with ledger_of(settings) as opened:
        yield opened
