"""Tasks as trials of Ray Tune, for its schedulers. Each costs some tenths of a second more than on plain actors."""

import itertools
import os
import pickle
import shutil
import tempfile
import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from nas.dataset import Dataset
from nas.evaluator import Report
from workers.cluster import Cluster
from workers.executor import Executor, ExecutorLostError, Task, WorkerDiedError, executor
from workers.pool import ATTEMPTS, Ended, Reported

TRIALS_AT_A_TIME = 256
"""Tune keeps every trial of an experiment, and looks at all of them again and again: so many, then a new one."""


@dataclass(eq=False)
class _Job:
    work: bytes
    report: Report
    future: Future[Any] = field(default_factory=Future)


@executor("ray_tune")
class TuneExecutor(Executor):
    """NAS_TUNE_SCHEDULER names a scheduler of Tune, such as async_hyperband; it maximises accuracy over epochs.

    A task that the scheduler stops early has the metrics of its last report as its result. A cancelled task ends at its
    next report.
    """

    needs_new_process: ClassVar[bool] = True

    def __init__(self, workers: int, threads: int = 1) -> None:
        super().__init__(workers, threads)
        self.closed = False
        self._lost: str | None = None
        self._waiting: deque[_Job] = deque()
        self._running: dict[str, _Job] = {}
        self._lock = threading.Lock()
        self._cluster = Cluster(workers * threads)
        self._files = Path(tempfile.mkdtemp(prefix="nas-tune-"))
        self._thread = threading.Thread(target=self._tune, name="ray tune", daemon=True)
        self._thread.start()
        self._cluster.watch(self._lose)

    def submit(self, task: Task, *arguments: Any, report: Report) -> Future[Any]:
        if self._lost or self.closed:
            raise ExecutorLostError(self._lost or "the executor is closed")
        job = _Job(self._cluster.ray.cloudpickle.dumps((task, arguments)), report)
        with self._lock:
            self._waiting.append(job)
        return job.future

    def share(self, images: Dataset) -> Any:
        return self._cluster.share(images)

    def close(self) -> None:
        self.closed = True
        self._cluster.stop_watching()
        for job in [*self._waiting, *self._running.values()]:
            job.future.cancel()
        if self._lost is None:
            self._thread.join()
            self._cluster.close()
        shutil.rmtree(self._files, ignore_errors=True)

    def take(self, trial_id: str) -> bytes | None:
        """For Tune: the next task, which is that trial from now on."""
        with self._lock:
            while self._waiting:
                job = self._waiting.popleft()
                if not job.future.cancelled():
                    self._running[trial_id] = job
                    return job.work
        return None

    def told(self, trial_id: str, result: dict[str, Any]) -> None:
        """For Tune: a trial has reported."""
        job, message = self._running.get(trial_id), _message(result)
        if job and isinstance(message, Reported) and not job.future.cancelled():
            job.report(message.epoch, message.metrics)

    def cancelled(self, trial_id: str) -> bool:
        """For Tune: whether to stop a trial."""
        job = self._running.get(trial_id)
        return job is not None and job.future.cancelled()

    def ended(self, trial_id: str, result: dict[str, Any] | None, died: bool) -> None:
        """For Tune: a trial has ended, by itself, by its scheduler, or because its workers died."""
        job = self._running.pop(trial_id, None)
        if job is None or not job.future.set_running_or_notify_cancel():
            return
        message = None if died else _message(result)
        if message is None:
            job.future.set_exception(WorkerDiedError(f"the worker process died {ATTEMPTS} times; is memory short?"))
        elif isinstance(message, Reported):
            job.future.set_result(dict(message.metrics))
        elif message.error is None:
            job.future.set_result(message.value)
        else:
            job.future.set_exception(message.error)

    def _tune(self) -> None:
        os.environ |= {
            "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
            "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",
            "TUNE_GLOBAL_CHECKPOINT_S": "3600",
            "TUNE_MAX_PENDING_TRIALS_PG": str(self.workers),
        }
        try:
            for number in itertools.count():
                if self.closed:
                    return
                self._experiment(f"tasks-{number}")
                shutil.rmtree(self._files / f"tasks-{number}", ignore_errors=True)
        except Exception as error:  # noqa: BLE001 - whatever ends Tune ends this executor
            self._lose(f"Ray Tune has ended: {error}")

    def _experiment(self, name: str) -> None:
        """Run tasks as the trials of one experiment, until there were enough of them or the executor is closed."""
        from ray import tune  # noqa: PLC0415 - it takes seconds

        from workers.tune import Feed, Stop, Work  # noqa: PLC0415 - as above

        scheduler = os.environ.get("NAS_TUNE_SCHEDULER", "fifo")
        steers = {} if scheduler == "fifo" else {"metric": "accuracy", "mode": "max"}
        tuner = tune.Tuner(
            tune.with_resources(Work, {"cpu": self.threads, "gpu": self._cluster.gpus() / self.workers}),
            tune_config=tune.TuneConfig(
                search_alg=Feed(self, TRIALS_AT_A_TIME),
                scheduler=tune.create_scheduler(scheduler, **steers),
                num_samples=-1,
                reuse_actors=True,
            ),
            run_config=tune.RunConfig(
                name=name,
                storage_path=str(self._files),
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                failure_config=tune.FailureConfig(max_failures=ATTEMPTS - 1),
                stop=Stop(self),
                verbose=0,
            ),
        )
        tuner.fit()

    def _lose(self, reason: str) -> None:
        if self.closed:
            return
        self._lost = reason
        for job in [*self._waiting, *self._running.values()]:
            if job.future.set_running_or_notify_cancel():
                job.future.set_exception(ExecutorLostError(reason))


def _message(result: dict[str, Any] | None) -> Reported | Ended | None:
    """What the worker has sent with a result; None if there is nothing."""
    if result is None or "message" not in result:
        return None
    message: Reported | Ended = pickle.loads(result["message"])  # noqa: S301 - our own worker's
    return message
