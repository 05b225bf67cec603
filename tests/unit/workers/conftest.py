"""A search that takes a moment: tiny images, four networks, a device that is not here, and a prepared evaluator."""

from random import Random

import pytest
from cores import one_core  # noqa: F401 - a fixture that is used by itself
from made_up import pocket, table

from latency_db.storing.store import Store
from nas.spaces import load_space

SPACE = {
    "name": "four",
    "resolution": 8,
    "channels": 1,
    "classes": 2,
    "stem": {"width": 4, "kernel": 3, "stride": 2},
    "stages": [{"blocks": ["conv"], "layers": [1, 2], "width": [4, 8], "stride": 1}],
}


@pytest.fixture
def spec(plugins, latency_file, monkeypatch):  # noqa: ARG001 - it is in effect
    """A spec as data. All its latencies are known, and none can be measured."""
    monkeypatch.setenv("NAS_LATENCY_DB", str(latency_file))
    space, rng = load_space(SPACE), Random(0)
    networks = [space.sample(rng).architecture.expand() for _ in range(40)]
    Store(latency_file).add(table(pocket(), networks))
    return {
        "dataset": "halves",
        "space": SPACE,
        "device": f"pocket@{pocket().device.machine_id}",
        "objective": {"name": "constrained", "target_latency_ms": 1},
        "searcher": {"name": "random"},
        "evaluator": {"name": "pooled"},
        "max_trials": 4,
        "finalists": {"count": 0},
        "references": [],
    }


class Listener:
    """Keeps what a search tells; stop_at ends the search when an epoch of this name and number is reported."""

    def __init__(self, stop_at=None):
        self.lines, self.phases, self.epochs, self.stop_at = [], [], [], stop_at

    def say(self, text):
        self.lines.append(text)

    def phase(self, phase):
        self.phases.append(phase)

    def step(self, what, done, total, left_s=None):
        """Not kept."""

    def epoch(self, what, trial, epoch, epochs, metrics):  # noqa: ARG002 - the contract's signature
        self.epochs.append((what, epoch, epochs))
        if (what, epoch) == self.stop_at:
            raise KeyboardInterrupt

    def started(self, number):
        """Not kept."""

    def trial(self, trial, total):
        """Not kept."""


@pytest.fixture
def listener():
    return Listener
