"""What the steps of a run work with."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from math import isnan
from typing import Any

from latency_db.estimating.estimate import Estimate
from latency_db.profiling.measurer import Measurer
from nas.dataset import Dataset
from nas.jobs.records import TrainingKey
from nas.ops import Network
from nas.ops.cost import network_cost
from nas.spec import SearchSpec
from nas.trial import Metrics
from workers.executing.scheduler import Quota
from workers.searching.progress_report import Watch
from workers.searching.progress_store import Place
from workers.searching.training_keys import Trainings
from workers.tasks.train import Setup


@dataclass(frozen=True, slots=True)
class Bench:
    """One search's spec, place and tools; setup is what its workers need to know."""

    spec: SearchSpec
    place: Place
    watch: Watch
    images: Dataset
    measurer: Measurer
    quota: Quota
    setup: Setup
    trainings: Trainings

    def recall(self, key: TrainingKey | None) -> dict[str, Any] | None:
        """What an earlier training of the same has come to, if its key is known."""
        return None if key is None else self.place.recall(key)

    def remember(self, key: TrainingKey | None, metrics: Metrics, model: bytes | None = None) -> None:
        """Keep a training for every later search, unless a scheduler has cut it short."""
        if key is not None and "stopped_epoch" not in metrics:
            self.place.remember(key, dict(metrics), model)


def measuring(quota: Quota, measurer: Measurer) -> AbstractContextManager[None]:
    """To measure in: on this machine, the workers are held back meanwhile."""
    return quota.quiet() if measurer.is_local else nullcontext()


def latency_metrics(estimate: Estimate) -> dict[str, float]:
    """An estimate with its interval and the shares of what it rests on, without what is unknown of them."""
    known = {
        "latency_ms": estimate.ms,
        "latency_low_ms": estimate.low_ms,
        "latency_high_ms": estimate.high_ms,
        "latency_error_ms": estimate.error_ms,
        "latency_measured": estimate.measured,
        "latency_interpolated": estimate.interpolated,
        "latency_learned": estimate.learned,
    }
    return {metric: value for metric, value in known.items() if not isnan(value)}


def sizes(network: Network) -> dict[str, float]:
    """The metrics that follow from the expression alone."""
    cost = network_cost(network)
    return {
        "params": cost.params,
        "macs": cost.macs,
        "size_bytes": cost.size_bytes,
        "peak_memory_bytes": cost.peak_memory_bytes,
    }


def epochs_of(watch: Watch, what: str, epochs: int, trial: int | None = None) -> Callable[[int, Metrics], None]:
    """A report that tells the epochs of one training; trial is its number if it is one."""
    return lambda epoch, metrics: watch.epoch(what, trial, epoch, max(epoch, epochs), metrics)
