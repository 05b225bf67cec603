"""The promises of an objective as tests."""

from dataclasses import replace
from math import isclose, isfinite, nan
from typing import Any

import numpy as np

from nas.architecture import Architecture, Stem
from nas.objective import REWARD, Objective, objective
from nas.space import Candidate
from nas.testing.contract import Contract
from nas.trial import Metrics, Trial

PLAIN = {"params": 1000.0, "macs": 1000.0, "size_bytes": 1000.0}

# Each doubling of the latency gains less accuracy, so each target in TARGETS has another best compromise.
TRADE_OFFS = ((0.25, 0.70), (0.5, 0.80), (1.0, 0.85), (2.0, 0.88), (4.0, 0.90))
TARGETS = (0.5, 1.0, 2.0)


def metrics(latency_ms: float, accuracy: float) -> Metrics:
    return {**PLAIN, "latency_ms": latency_ms, "accuracy": accuracy}


class ObjectiveContract(Contract):
    """Subclass it with the config of one objective, at least its name; a missing target_latency_ms is added."""

    def made(self, **parameters: Any) -> Objective:
        config = {"name": self.config} if isinstance(self.config, str) else self.config
        return objective.make({"target_latency_ms": 1.0, **config, **parameters})

    def test_reads_only_what_it_needs(self) -> None:
        made = self.made()
        full = metrics(1.5, 0.8)

        assert isfinite(made.reward(full))
        assert made.reward({name: full[name] for name in made.needs}) == made.reward(full)

    def test_accuracy_pays(self) -> None:
        """At one latency more accuracy is a higher reward."""
        made = self.made()
        for latency_ms, accuracy in TRADE_OFFS:
            better = made.reward(metrics(latency_ms, accuracy + 0.01))
            assert better > made.reward(metrics(latency_ms, accuracy))

    def test_limits_are_kept_at_the_limit(self) -> None:
        made = self.made(max_params=1000, max_macs=1000, max_size_bytes=1000)

        assert made.violation(metrics(1.0, 0.8)) == 0

    def test_violation_is_the_sum_of_relative_excesses(self) -> None:
        made = self.made(max_params=500, max_macs=800, max_size_bytes=2000)

        assert made.violation(metrics(1.0, 0.8)) == 1000 / 500 - 1 + 1000 / 800 - 1

    def test_limits_name_metrics_known_before_training(self) -> None:
        made = self.made(max_params=1, max_macs=1, max_size_bytes=1)

        assert set(PLAIN) <= set(made.limits) <= {*PLAIN, "latency_ms", "latency_high_ms"}

    def test_margins_are_the_parts_of_the_violation(self) -> None:
        """For columns of candidates at once; a limit without a column has no margin, and no number is within none."""
        made = self.made(target_latency_ms=1e3, max_params=500, max_macs=1200)
        columns = {"params": np.array([400.0, 600.0, nan]), "macs": np.array([1500.0, 1200.0, 1.0])}
        margins = made.margins(columns)

        assert margins.keys() == columns.keys()
        for i in range(2):
            row = {**PLAIN, "latency_ms": 1.0, "latency_high_ms": 1.0, **{name: columns[name][i] for name in columns}}
            assert isclose(made.violation(row), sum(max(0.0, margin[i]) for margin in margins.values()))
        assert not margins["params"][2] <= 0

    def test_goals_are_read_from_a_trial(self) -> None:
        """Each is the reward or a metric that the reward reads."""
        made = self.made()
        row = metrics(1.0, 0.8)
        trial = Trial(0, Candidate(Architecture(8, 1, Stem(8), (), 0, 2), {}), metrics=row, reward=made.reward(row))

        assert made.goals
        for goal in made.goals:
            assert goal.of(trial) == {REWARD: trial.reward, **row}[goal.metric]
            assert goal.metric in {REWARD, *made.needs}
            assert goal.of(replace(trial, metrics={}, reward=None)) is None

    def test_says_truly_whether_it_steers(self) -> None:
        """Among fixed trade-offs the winner moves with the target if, and only if, the objective steers."""
        winners = {self._winner(target) for target in TARGETS}

        assert self.made().steers == (len(winners) > 1)
        assert self.made().steers or self.made().note

    def _winner(self, target_latency_ms: float) -> tuple[float, float]:
        made = self.made(target_latency_ms=target_latency_ms)
        feasible = [point for point in TRADE_OFFS if made.violation(metrics(*point)) == 0]
        return max(feasible, key=lambda point: made.reward(metrics(*point)))


check_objective = ObjectiveContract.check
"""Runs ObjectiveContract on one plugin, without pytest."""
