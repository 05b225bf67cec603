"""Optuna's Gaussian process: the largest expected improvement, of one goal or of the hypervolume of several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nas.asking.problem import Problem
from nas.searcher import Startup, searcher
from nas.searchers.optuna_samplers.sampling import SamplerSearcher

if TYPE_CHECKING:
    import optuna


@searcher("gp")
class Gp(SamplerSearcher):
    """startup: trials that are drawn at random before. A suggestion takes seconds after some hundred trials."""

    def __init__(
        self,
        problem: Problem,
        seed: int,
        *,
        startup: Startup = 10,
    ) -> None:
        self._startup = startup
        super().__init__(problem, seed)

    def sampler(self, seed: int) -> optuna.samplers.BaseSampler:
        from optuna.samplers import GPSampler  # noqa: PLC0415 - half a second to import

        return GPSampler(n_startup_trials=self._startup, seed=seed)
