"""Every objective keeps the promises of its contract; a new file is tested by existing."""

import pytest

from nas.objective import objective
from nas.testing import ObjectiveContract


@pytest.mark.parametrize("config", list(objective))
class TestObjectives(ObjectiveContract):
    @pytest.fixture(autouse=True)
    def _name(self, config):
        self.config = config


class TestHardMnasnet(ObjectiveContract):
    config = {"name": "mnasnet", "alpha": 0.0, "beta": -1.0}  # noqa: RUF012 - as the contract declares it
