"""The promises of an objective as tests."""

from math import isfinite
from typing import Any

from nas.objective import Objective, objective
from nas.testing.contract import Contract
from nas.trial import Metrics

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

    def test_says_truly_whether_it_steers(self) -> None:
        """Among fixed trade-offs the winner moves with the target if, and only if, the objective steers."""
        winners = {self._winner(target) for target in TARGETS}

        assert self.made().steers == (len(winners) > 1)

    def _winner(self, target_latency_ms: float) -> tuple[float, float]:
        made = self.made(target_latency_ms=target_latency_ms)
        feasible = [point for point in TRADE_OFFS if made.violation(metrics(*point)) == 0]
        return max(feasible, key=lambda point: made.reward(metrics(*point)))


check_objective = ObjectiveContract.check
"""Runs ObjectiveContract on one plugin, without pytest."""
