"""What runs inside a worker: plain data in, plain data out.

A worker keeps the data set of its last task, so that it is loaded once.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from nas.dataset import Dataset, dataset
from nas.errors import OutOfMemoryError
from nas.evaluator import Evaluator, Report, evaluator
from nas.evaluators.train import TrainEvaluator
from nas.ops.notation import read_network
from nas.training import Recipe
from workers.executing.executor import may_end_early


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


@dataclass(frozen=True, slots=True)
class Final:
    """A long training: its epochs, where its checkpoint is kept on the worker's machine, what its file is to say."""

    epochs: int
    checkpoint: str
    about: Mapping[str, Any]


Finalised = tuple[dict[str, float], bytes]
"""Metrics of a finalist, and its ONNX file."""


@lru_cache(maxsize=1)
def _dataset(config: str, seed: int) -> Dataset:
    return dataset.make(json.loads(config)).load(seed)


def images_of(setup: Setup, shared: Dataset | None) -> Dataset:
    """The search's data set: as the executor has brought it here, or else loaded."""
    return shared or _dataset(setup.dataset, setup.seed)


def _evaluator(setup: Setup, images: Dataset) -> Evaluator:
    import torch  # noqa: PLC0415 - the parent, which imports this module too, has no need of torch

    torch.set_num_threads(setup.threads)
    return evaluator.make(json.loads(setup.evaluator), images, setup.seed)


@contextmanager
def _memory_said() -> Iterator[None]:
    """Make a want of memory a NasError, so that it ends the trial and not the search."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        # torch has an error of its own for a GPU that is full, but for the CPU no more than this message.
        if isinstance(error, RuntimeError) and "memory" not in str(error):
            raise
        raise OutOfMemoryError(
            f"{str(error).splitlines()[0]}; lower batch_size or the number of parallel trials"
        ) from error


@may_end_early
def evaluate(setup: Setup, shared: Dataset | None, notation: str, *, report: Report) -> dict[str, float]:
    """Metrics of a network, by the search's evaluator. shared: the data set, if the executor brings it here."""
    with _memory_said():
        images = images_of(setup, shared)
        return dict(_evaluator(setup, images).evaluate(read_network(notation), report))


def finalise(setup: Setup, shared: Dataset | None, notation: str, final: Final, *, report: Report) -> Finalised:
    """Train a network by the search's recipe, but for longer, and make a tested ONNX file of it.

    The training goes on from the checkpoint if an earlier call left one.
    """
    from nas.export import export  # noqa: PLC0415 - torch is the workers' own
    from nas.ops.torch_module import build  # noqa: PLC0415 - torch is the workers' own
    from nas.training.fit import fit  # noqa: PLC0415 - torch is the workers' own

    images = images_of(setup, shared)
    judge = _evaluator(setup, images)
    recipe = judge.recipe if isinstance(judge, TrainEvaluator) else Recipe()
    device = judge.device if isinstance(judge, TrainEvaluator) else "cpu"
    network = read_network(notation)
    net = build(network, setup.seed)
    fitted = fit(
        net,
        images,
        replace(recipe, epochs=final.epochs, time_budget_s=None),
        seed=setup.seed,
        report=report,
        device=device,
        resolution=network.input.height,
        checkpoint_path=Path(final.checkpoint),
    )
    exported = export(network, net, images, final.about)
    metrics = {
        "validation_accuracy": fitted.accuracy,
        "test_accuracy": exported.test_accuracy,
        "max_abs_difference": exported.max_abs_difference,
        "size_bytes": len(exported.file),
        "train_seconds": fitted.seconds,
    }
    return metrics, exported.file
