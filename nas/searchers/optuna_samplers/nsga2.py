"""NSGA-II: generations of the best fronts, crossed and mutated (Deb et al., IEEE TEC 2002), by Optuna."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, cast

from nas.asking.problem import Problem
from nas.registry import described
from nas.searcher import searcher
from nas.searchers.optuna_samplers.sampling import SamplerSearcher

if TYPE_CHECKING:
    import optuna


@searcher("nsga2")
class Nsga2(SamplerSearcher):
    """population: trials of a generation; the first is drawn at random. 20 suits some hundred trials, 50 thousands."""

    def __init__(
        self,
        problem: Problem,
        seed: int,
        *,
        population: Annotated[
            int,
            described(
                "trials of a generation; the first is drawn at random",
                "20 suits some hundred trials, 50 thousands",
                ge=2,
            ),
        ] = 20,
    ) -> None:
        self._population = population
        self._generation, self._completed = 0, 0
        super().__init__(problem, seed)

    def sampler(self, seed: int) -> optuna.samplers.BaseSampler:
        from optuna.samplers import NSGAIISampler  # noqa: PLC0415 - half a second to import

        return NSGAIISampler(population_size=self._population, seed=seed)

    def attributes(self) -> dict[str, Any]:
        """The generation of a new trial, as BaseGASampler.get_trial_generation counts it, but not from all trials."""
        return {self._key: self._generation + (self._completed >= self._population)}

    def completed(self, trial: optuna.trial.FrozenTrial) -> None:
        generation = trial.system_attrs[self._key]
        if generation > self._generation:
            self._generation, self._completed = generation, 0
        self._completed += generation == self._generation
        if self._completed == self._population:  # before more trials of this generation end
            sampler = cast("optuna.samplers.NSGAIISampler", self.study.sampler)
            sampler.get_parent_population(self.study, self._generation + 1)

    @property
    def _key(self) -> str:
        from optuna.samplers import NSGAIISampler  # noqa: PLC0415 - half a second to import

        return NSGAIISampler._get_generation_key()  # noqa: SLF001 - no public name
