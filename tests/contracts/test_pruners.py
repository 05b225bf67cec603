"""Every pruner keeps the promises of its contract; a new file is tested by existing."""

import pytest

from nas.pruner import pruner
from nas.testing import PrunerContract, check_pruner


@pytest.mark.parametrize("config", [*pruner, {"name": "asha", "reduction": 2, "first_epochs": 1}], ids=str)
class TestPruners(PrunerContract):
    @pytest.fixture(autouse=True)
    def _name(self, config):
        self.config = config


def test_check_pruner_runs_the_contract(monkeypatch):
    """A broken promise is an AssertionError also without pytest."""
    check_pruner("asha")
    monkeypatch.setattr(pruner["asha"], "promotable", lambda *_, **__: None)

    with pytest.raises(AssertionError):
        check_pruner("asha")
