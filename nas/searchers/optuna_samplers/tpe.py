"""Optuna's tree-structured Parzen estimator: options as likely as among the best trials (TPE, NIPS 2011)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from nas.asking.problem import Problem
from nas.registry import described
from nas.searcher import Startup, searcher
from nas.searchers.optuna_samplers.sampling import SamplerSearcher

if TYPE_CHECKING:
    import optuna


@searcher("tpe")
class Tpe(SamplerSearcher):
    """startup: trials that are drawn at random before. multivariate: decisions are suggested together, not each alone.

    Trials under way count as bad ones, so that the next suggestion is another.
    """

    def __init__(
        self,
        problem: Problem,
        seed: int,
        *,
        startup: Startup = 10,
        multivariate: Annotated[
            bool,
            described("decisions are suggested together, not each alone", "on where max_trials is in the hundreds"),
        ] = False,
    ) -> None:
        self._startup, self._multivariate = startup, multivariate
        super().__init__(problem, seed)

    def sampler(self, seed: int) -> optuna.samplers.BaseSampler:
        from optuna.samplers import TPESampler  # noqa: PLC0415 - half a second to import

        return TPESampler(
            n_startup_trials=self._startup, multivariate=self._multivariate, constant_liar=True, seed=seed
        )
