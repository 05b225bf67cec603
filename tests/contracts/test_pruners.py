"""Every pruner keeps the promises of its contract; a new file is tested by existing."""

from statistics import fmean

import pytest

from nas.pruner import pruner
from nas.testing import PrunerContract, check_pruner
from nas.testing.pruners import EPOCHS, rehearsed


@pytest.mark.parametrize("config", [*pruner, {"name": "asha", "reduction": 2, "first_epochs": 1}], ids=str)
class TestPruners(PrunerContract):
    @pytest.fixture(autouse=True)
    def _name(self, config):
        self.config = config

    def test_trials_are_trained_for_about_as_long_as_it_says(self):
        """Within a factor of 1.5, which is what a forecast of a search is worth."""
        for aim in self.aims():
            made, trained = self.made(aim), {}
            for word, number, rung in rehearsed(made, 200).decisions:
                trained[number] = max(trained.get(number, 0), EPOCHS if word == "whole" else rung)

            assert made.mean_epochs / 1.5 < fmean(trained.values()) < made.mean_epochs * 1.5


def test_check_pruner_runs_the_contract(monkeypatch):
    """A broken promise is an AssertionError also without pytest."""
    check_pruner("asha")
    monkeypatch.setattr(pruner["asha"], "promotable", lambda *_, **__: None)

    with pytest.raises(AssertionError):
        check_pruner("asha")
