"""What all steps of a search work with."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np

from latency_db.estimating.estimate import Estimate
from latency_db.profiling.measurer import Measurer
from nas.dataset import Dataset
from nas.evaluator import Evaluator
from nas.jobs.records import TrainingKey
from nas.metric import AT, device_of, network_metrics, suffixes
from nas.ops import Network
from nas.search.earlier import NOTHING_TAKEN, TakenOver
from nas.spec import SearchSpec
from nas.trial import REFUSED_KERNELS, Metrics, Report
from workers.executing.executor import Task
from workers.executing.scheduler import Quota, TaskHandle
from workers.searching.recording.progress_listener import ProgressListener
from workers.searching.recording.progress_store import ResultStore
from workers.searching.recording.training_keys import TrainingKeys
from workers.tasks.train import Setup, evaluate


@dataclass(frozen=True, slots=True)
class SearchDevice:
    """A device of the search. name: as the spec names it. suffix: what follows the names of its metrics."""

    name: str
    suffix: str
    measurer: Measurer

    def named(self, metrics: Metrics) -> dict[str, float]:
        """Metrics of the device by their names in the search."""
        return {f"{metric}{self.suffix}": value for metric, value in metrics.items()}

    def of_device(self, metrics: Metrics) -> dict[str, float]:
        """The device's part of the search's metrics, by their plain names."""
        return {
            name.removesuffix(self.suffix): value
            for name, value in metrics.items()
            if device_of(name) == self.suffix.removeprefix(AT)
        }


@dataclass(frozen=True, slots=True)
class SearchContext:
    """One search's spec, storage, listener and tools.

    devices: one or more; files are in the precision of the first, which is that of all. setup: what its workers need to
    know. prepared: the file with the evaluator's shared state, if it has any. taken: what it takes over from
    earlier searches.
    """

    spec: SearchSpec
    store: ResultStore
    listener: ProgressListener
    images: Dataset
    devices: tuple[SearchDevice, ...]
    quota: Quota
    setup: Setup
    evaluator: Evaluator
    training_keys: TrainingKeys
    prepared: Path | None = None
    taken: TakenOver = NOTHING_TAKEN

    def submit(
        self, task: Task, *arguments: Any, report: Report, on_start: Callable[[], None] | None = None
    ) -> TaskHandle:
        """Queue one of workers.tasks, with the setup and the images as its first arguments."""
        shared = shared_images(self.quota, self.images)
        return self.quota.submit(task, self.setup, shared, *arguments, report=report, on_start=on_start)

    def evaluate(
        self, notation: str, report: Report, on_start: Callable[[], None] | None = None, *, seed: int | None = None
    ) -> TaskHandle:
        """Queue an evaluation of a network. seed: of this evaluation; None for the search's."""
        return self.submit(evaluate, notation, self.prepared_content(), seed, report=report, on_start=on_start)

    def prepared_content(self) -> Any:
        """What to give evaluations of the evaluator's shared state: its content as shared by the executor, its file, or
        None if it has none.
        """
        path = self.prepared
        if path is None:
            return None
        # Executors copy bytes to each task, and share the memory of arrays.
        shared = self.quota.share(path.name, lambda: np.fromfile(path, np.uint8))
        return path if shared is None else shared

    def inherited_from(self) -> tuple[Any, ...]:
        """What finalists' weights start from, as an argument of the task finalise; none for random weights."""
        return (self.prepared_content(),) if self.spec.finalists.inherit else ()

    def cached_training(self, *keys: TrainingKey | None) -> dict[str, Any] | None:
        """The result of an earlier training of the same network, under the first of its keys that has one."""
        found = (self.store.cached_training(key) for key in keys if key is not None)
        return next((training for training in found if training is not None), None)

    def store_training(self, key: TrainingKey | None, metrics: Metrics, model: bytes | None = None) -> None:
        """Keep the result of a whole training for later searches."""
        if key is not None:
            self.store.store_training(key, dict(metrics), model)


def shared_images(quota: Quota, images: Dataset) -> Any:
    """What to give tasks of the images, with their soft labels if there are any; None: they load them. Those of mapped
    images come from a file of their own.
    """
    soft = images.train.soft
    shared = quota.share(f"{images.digest}-{soft.digest}" if soft else images.digest, lambda: images)
    return images.untaught() if shared is None and images.is_mapped else shared


def measuring(quota: Quota, measurer: Measurer) -> AbstractContextManager[None]:
    """A context to measure in: tasks are held back meanwhile if the device is this machine."""
    return quota.quiet() if measurer.is_local else nullcontext()


def devices_of(spec: SearchSpec, measurers: Sequence[Measurer]) -> tuple[SearchDevice, ...]:
    """The spec's devices; measurers: theirs, in the same order."""
    found = zip(suffixes(spec.device_names).items(), measurers, strict=True)
    return tuple(SearchDevice(name, suffix, measurer) for (name, suffix), measurer in found)


def known_now(devices: Sequence[SearchDevice], network: Network) -> dict[str, float]:
    """The sizes of a network, and its estimated latency on each device or the number of kernels that any refuses.

    NotMeasuredError if a device has no estimate.
    """
    if refused := sum(len(device.measurer.estimator.refused(network)) for device in devices):
        return {REFUSED_KERNELS: refused, **network_metrics(network)}
    latencies: dict[str, float] = {}
    for device in devices:
        latencies |= device.named(latency_metrics(device.measurer.estimator.estimate(network)))
    return {**latencies, **network_metrics(network)}


def latency_metrics(estimate: Estimate) -> dict[str, float]:
    """An estimate with its interval and the shares of its sources, without the values that are unknown (NaN)."""
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


def epoch_listener(listener: ProgressListener, what: str, epochs: int, trial: int | None = None) -> Report:
    """A Report that passes the epochs of one training on; trial is its number if it is a trial's."""
    return lambda epoch, metrics: listener.epoch(what, trial, epoch, max(epoch, epochs), metrics)
