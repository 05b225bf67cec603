"""Evaluators: how good a network is, and at what cost of computing."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from nas.dataset import Dataset
from nas.ops import Network
from nas.registry import Registry
from nas.trial import Metrics

Report = Callable[[int, Metrics], None]
"""Called after each epoch with its number, from 1, and the metrics so far."""


class Evaluator(ABC):
    """Scores networks on the validation split of one data set; it never reads the test split.

    Built anew in each worker process from plain data; evaluate is a function of its arguments and the seed.
    """

    name: ClassVar[str]

    def __init__(self, dataset: Dataset, seed: int) -> None:
        self.dataset = dataset
        self.seed = seed

    @abstractmethod
    def evaluate(self, network: Network, report: Report) -> Metrics:
        """Metrics with at least `accuracy`, a fraction of the validation images. DivergedError if training failed."""


evaluator: Registry[Evaluator] = Registry("evaluator", "nas.evaluators")
