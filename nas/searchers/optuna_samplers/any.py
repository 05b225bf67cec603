"""Any sampler of Optuna's interface, by its import path."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Annotated, Any

from nas.asking.problem import Problem
from nas.errors import SpecError
from nas.registry import described
from nas.searcher import searcher
from nas.searchers.optuna_samplers.sampling import SamplerSearcher

if TYPE_CHECKING:
    import optuna

PACKAGES = "NAS_SAMPLER_PACKAGES"
"""Names the packages, apart from optuna, whose samplers a spec may name: they are imported, so who runs nas decides."""


@searcher("optuna")
class AnySampler(SamplerSearcher):
    """sampler: the import path of a class, such as `optuna.samplers.QMCSampler`. parameters: of its constructor.

    A sampler of another package, as from OptunaHub, is allowed by the name of its package in NAS_SAMPLER_PACKAGES
    (names with commas between). A `seed` is given to samplers that take one. A resumed search tells its sampler the
    trials again; what else a sampler keeps for itself, in its own attributes or in those of trials, is lost then.
    """

    def __init__(
        self,
        problem: Problem,
        seed: int,
        *,
        sampler: Annotated[
            str,
            described(
                "import path of a class with Optuna's interface of samplers",
                "to try another sampler; packages beside optuna have to be named in NAS_SAMPLER_PACKAGES",
                min_length=1,
                max_length=200,
            ),
        ] = "optuna.samplers.RandomSampler",
        parameters: Annotated[
            dict[str, Any] | None,
            described("parameters of its constructor; none for its defaults", "as the sampler says"),
        ] = None,
    ) -> None:
        self._class, self._parameters = _sampler_class(sampler), parameters or {}
        super().__init__(problem, seed)

    @classmethod
    def check(cls, **parameters: Any) -> None:
        _made(_sampler_class(parameters["sampler"]), parameters["parameters"] or {}, 0)

    def sampler(self, seed: int) -> optuna.samplers.BaseSampler:
        return _made(self._class, self._parameters, seed)


def _sampler_class(path: str) -> type[optuna.samplers.BaseSampler]:
    from optuna.samplers import BaseSampler  # noqa: PLC0415 - half a second to import

    module, _, name = path.rpartition(".")
    package = module.partition(".")[0]
    allowed = {"optuna", *os.environ.get(PACKAGES, "").split(",")} - {""}
    if package not in allowed:
        raise SpecError(
            f"searcher.sampler: {path!r} is of the package {package!r}; allowed are {', '.join(sorted(allowed))}. "
            f"Name the package in {PACKAGES} where nas runs, if you trust it"
        )
    try:
        found = getattr(importlib.import_module(module), name, None)
    except ImportError as error:
        raise SpecError(f"searcher.sampler: {path!r} cannot be imported: {error}") from None
    if not (isinstance(found, type) and issubclass(found, BaseSampler)):
        raise SpecError(f"searcher.sampler: {path!r} is not a sampler of Optuna")
    return found


def _made(cls: type[optuna.samplers.BaseSampler], parameters: dict[str, Any], seed: int) -> optuna.samplers.BaseSampler:
    for given in ({"seed": seed, **parameters}, parameters):
        try:
            return cls(**given)
        except TypeError as error:
            fault = error
        except ValueError as error:
            raise SpecError(f"searcher.parameters: {cls.__name__}: {error}") from None
    raise SpecError(f"searcher.parameters: {cls.__name__}: {fault}")
