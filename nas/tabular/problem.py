"""A problem file as a search sees it, and as its judge does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.asking.codes import Codes
from nas.asking.problem import Known
from nas.errors import SpecError
from nas.tabular.file import REMEDY, Gaussian, SurrogateProblem, TableProblem, read_file
from nas.tabular.scores import POINTS, Scores
from nas.tabular.space import Rows, TabularSpace
from nas.tabular.surrogate import Surrogate
from nas.tabular.table import Table
from nas.trial import Columns

Read = Callable[[Rows], Columns]
"""[n] values of rows by their names."""


@dataclass(frozen=True, slots=True)
class TabularKnown:
    """What a search may know of networks without training: `latency_ms`, and features by their names in the file.

    An oracle for nas.asking.problem.Problem.
    """

    space: TabularSpace
    read: Read
    digest: str

    def __call__(self, codes: Codes) -> Columns:
        return self.read(self.space.rows(codes))


@dataclass(frozen=True, slots=True)
class TabularProblem:
    """Networks with known accuracy and latency. Accuracies are fractions here, also where the file has percent.

    true and shown read the column `accuracy` in percent: the truth, and what an observation without its noise shows.
    deviation: of the noise, in percent.
    """

    name: str
    space: TabularSpace
    known: Known
    scores: Scores
    true: Read
    shown: Read
    deviation: float

    def accuracy(self, codes: Codes) -> NDArray[np.float64]:
        """[n] true accuracies: to score a search when it is over, never to steer it."""
        return self.true(self.space.rows(codes))["accuracy"] / POINTS

    def observed(self, codes: Codes, seed: int, noise: float = 1.0) -> NDArray[np.float64]:
        """[n] accuracies as one training of each network shows them. A network's is the same however often and in
        whatever order it is asked; another seed draws it anew.

        noise: a factor on the standard deviation of the file, if the file has one.
        """
        rows = self.space.rows(codes)
        drawn = [np.random.default_rng([seed, *row]).standard_normal() for row in rows.tolist()]
        return (self.shown(rows)["accuracy"] + noise * self.deviation * np.array(drawn)) / POINTS


def load_problem(path: Path) -> TabularProblem:
    """The problem in a file and the data beside it; docs/tabular.md describes both.

    SpecError names the file and the key that is wrong; DataError what is wrong with its data.
    """
    file, data, digest = read_file(path)
    space = TabularSpace(file.name, file.decisions)
    try:
        space.decisions()
        values = _values(file, space, data)
    except SpecError as error:
        raise SpecError(f"{path}: {error}; {REMEDY}") from None
    known = {"latency_ms": file.latency} | {feature.name: feature for feature in file.features}
    noisy = isinstance(file.observation, Gaussian)
    return TabularProblem(
        file.name,
        space,
        TabularKnown(space, partial(values, known), digest),
        Scores(file.reference_point, file.front_hypervolume, file.targets),
        partial(values, {"accuracy": file.accuracy}),
        partial(values, {"accuracy": file.accuracy if noisy else file.observation}),
        file.observation.standard_deviation if isinstance(file.observation, Gaussian) else 0.0,
    )


def _values(
    file: TableProblem | SurrogateProblem, space: TabularSpace, data: Path
) -> Callable[[Mapping[str, Any], Rows], Columns]:
    """Gives the values of rows from sources, which are of the file's kind."""
    return (Table(file, space, data) if isinstance(file, TableProblem) else Surrogate(file, space, data)).of
