"""Every searcher keeps the promises of its contract; a new file is tested by existing."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.searcher import searcher
from nas.testing import SearcherContract, bandit_space, check_searcher, play
from nas.testing.rehearsal import STEPS

BANDIT = bandit_space()
CONFIGS = {name: {"name": name} for name in searcher} | {"gp": {"name": "gp", "startup": 1000}}
"""gp draws at random here, as its suggestions take seconds: test_samplers.py has its model in a small space."""


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
class TestSearchers(SearcherContract):
    @pytest.fixture(autouse=True)
    def _name(self, config):
        self.config = config


@settings(max_examples=8, deadline=None)
@given(
    config=st.sampled_from(list(CONFIGS.values())),
    seed=st.integers(0, 2**32),
    script=st.lists(st.integers(0, STEPS - 1)),
)
def test_replay_repeats_the_proposals(config, seed, script):
    """Whatever the interleaving of asks and tells, making the same calls again gives the same candidates."""
    first, again = (play(searcher.make(config, BANDIT.problem, seed), BANDIT, script) for _ in range(2))

    assert first == again


def test_check_searcher_runs_the_contract(monkeypatch):
    """A broken promise is an AssertionError also without pytest."""
    check_searcher("random")
    unseeded = Random()
    monkeypatch.setattr(searcher["random"], "propose", lambda self, *_: [self.space.sample(unseeded)])

    with pytest.raises(AssertionError):
        check_searcher("random")
