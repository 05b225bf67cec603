"""Tasks as trials of Ray Tune, beside others of its cluster. Each takes some 0.01 s longer than on plain actors."""

import itertools
import os
import shutil
import tempfile
import threading
from pathlib import Path

from workers.executing.executor import executor
from workers.executing.pool import Worker
from workers.executing.ray_cluster import RayPoolExecutor

TRIALS_AT_A_TIME = 256
"""Trials of one experiment: Tune goes through all of them at every event, so a new experiment begins after these."""

ENVIRONMENT = {
    "RAY_AIR_NEW_OUTPUT": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "3600",
    "TUNE_WARN_THRESHOLD_S": "60",
}
"""Settings that keep Tune from printing, and have it write as little as possible."""


@executor("ray_tune")
class TuneExecutor(RayPoolExecutor):
    """All workers are trials of one experiment at a time; what stops trainings early is the search's pruner."""

    def __init__(self, workers: int, threads: int = 1) -> None:
        os.environ |= ENVIRONMENT | {"TUNE_MAX_PENDING_TRIALS_PG": str(workers)}
        super().__init__(workers, threads)
        from workers.executing import ray_tune_trials  # noqa: PLC0415 - it imports Ray, which reads the environment

        self._trials = ray_tune_trials
        self._feed = ray_tune_trials.Feed(threads)
        self._files = Path(tempfile.mkdtemp(prefix="nas-tune-"))
        self._thread = threading.Thread(target=self._tune, name="ray tune", daemon=True)
        self._thread.start()
        self._cluster.watch(self.lose)

    def start_worker(self) -> Worker:
        return self._trials.TuneWorker(self._feed)

    def close_tasks(self) -> None:
        super().close_tasks()
        self._feed.closed = True
        if self._lost is None:
            self._thread.join()

    def close(self) -> None:
        super().close()
        shutil.rmtree(self._files, ignore_errors=True)

    def _tune(self) -> None:
        try:
            for number in itertools.count():
                if self._feed.closed:
                    return
                self._feed.left = TRIALS_AT_A_TIME
                resources = {"cpu": self.threads, "gpu": self._cluster.gpus}
                self._trials.run_experiment(self._feed, f"tasks-{number}", self._files, resources)
                shutil.rmtree(self._files / f"tasks-{number}", ignore_errors=True)
        except Exception as error:  # noqa: BLE001 - whatever ends Tune ends this executor
            self.lose(f"Ray Tune has ended: {error}")
