"""What runs inside a worker: plain data in, plain data out.

A worker keeps the data set of its last task, so that it is loaded once.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from nas.dataset import Dataset, dataset
from nas.evaluator import Evaluator, Report, evaluator
from nas.ops.notation import read_network


@dataclass(frozen=True, slots=True)
class Setup:
    """What all tasks of a search share: the data set and the evaluator as JSON text, the seed, threads of a worker."""

    dataset: str
    evaluator: str
    seed: int
    threads: int

    @classmethod
    def of(cls, data: Mapping[str, Any], judge: Mapping[str, Any], *, seed: int, threads: int) -> "Setup":
        return cls(json.dumps(data), json.dumps(judge), seed, threads)


@lru_cache(maxsize=1)
def _dataset(config: str, seed: int) -> Dataset:
    return dataset.make(json.loads(config)).load(seed)


def _evaluator(setup: Setup, **changes: Any) -> Evaluator:
    import torch  # noqa: PLC0415 - the parent, which imports this module too, has no need of torch

    torch.set_num_threads(setup.threads)
    config = {**json.loads(setup.evaluator), **changes}
    return evaluator.make(config, _dataset(setup.dataset, setup.seed), setup.seed)


def evaluate(setup: Setup, notation: str, *, report: Report) -> dict[str, float]:
    """Metrics of a network, by the search's evaluator."""
    return dict(_evaluator(setup).evaluate(read_network(notation), report))
