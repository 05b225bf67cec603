"""Tasks as trials of Ray Tune, for its schedulers. Each costs some hundredths of a second more than on plain actors."""

import itertools
import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from nas.service.settings import Settings
from workers.executing.executor import executor
from workers.executing.pool import PoolExecutor, Worker
from workers.executing.ray_cluster import Cluster

TRIALS_AT_A_TIME = 256
"""Tune keeps every trial of an experiment, and looks at all of them again and again: so many, then a new one."""
MAX_EPOCHS = 100_000

ENVIRONMENT = {
    "RAY_AIR_NEW_OUTPUT": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "3600",
    "TUNE_WARN_THRESHOLD_S": "60",
}
"""Tune is to print nothing, and to write as little as it can."""


@executor("ray_tune")
class TuneExecutor(PoolExecutor):
    """NAS_TUNE_SCHEDULER=asha has Tune compare accuracies epoch by epoch, and end the worse trials.

    A task that it stops early (executor.may_end_early) has as its result the metrics of its last report, and
    stopped_epoch.
    """

    needs_new_process: ClassVar[bool] = True

    def __init__(self, workers: int, threads: int = 1) -> None:
        super().__init__(workers, threads)
        os.environ |= ENVIRONMENT | {"TUNE_MAX_PENDING_TRIALS_PG": str(workers)}
        self._cluster = Cluster(workers, threads)
        from workers.executing.ray_tune_trials import Feed  # noqa: PLC0415 - it takes seconds, and needs the environment

        self._feed = Feed()
        self._files = Path(tempfile.mkdtemp(prefix="nas-tune-"))
        self._thread = threading.Thread(target=self._tune, name="ray tune", daemon=True)
        self._thread.start()
        self._cluster.watch(self.lose)

    def hire(self) -> Worker:
        from workers.executing.ray_tune_trials import TuneWorker  # noqa: PLC0415 - as above

        return TuneWorker(self._feed)

    def share(self, digest: str, load: Callable[[], Any]) -> Any:
        return self._cluster.share(digest, load)

    def check(self) -> None:
        self._cluster.check()

    def close(self) -> None:
        self._cluster.stop_watching()
        super().close()
        self._feed.closed = True
        if self._lost is None:
            self._thread.join()
        self._cluster.close(lost=self._lost is not None)
        shutil.rmtree(self._files, ignore_errors=True)

    def _tune(self) -> None:
        try:
            for number in itertools.count():
                if self._feed.closed:
                    return
                self._feed.left = TRIALS_AT_A_TIME
                self._experiment(f"tasks-{number}")
                shutil.rmtree(self._files / f"tasks-{number}", ignore_errors=True)
        except Exception as error:  # noqa: BLE001 - whatever ends Tune ends this executor
            self.lose(f"Ray Tune has ended: {error}")

    def _experiment(self, name: str) -> None:
        """Run tasks as the trials of one experiment, until there were enough of them or the executor is closed."""
        from ray import tune  # noqa: PLC0415 - as above

        from workers.executing.ray_tune_trials import Actors, Stop, Work  # noqa: PLC0415 - as above

        resources = {"cpu": self.threads, "gpu": self._cluster.gpus}
        tuner = tune.Tuner(
            tune.with_resources(Work, resources),
            tune_config=tune.TuneConfig(
                search_alg=self._feed,
                scheduler=_scheduler(),
                num_samples=-1,
                reuse_actors=True,
                trial_dirname_creator=lambda trial: str(trial.trial_id),
            ),
            run_config=tune.RunConfig(
                name=name,
                storage_path=str(self._files),
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                failure_config=tune.FailureConfig(max_failures=0),  # the pool starts a task again
                callbacks=[Actors(self._feed)],
                stop=Stop(self._feed),
                verbose=0,
            ),
        )
        tuner.fit()


def _scheduler() -> Any:
    """Of Tune's schedulers, those that never pause a trial: a task has no checkpoint that Tune could move."""
    from ray.tune import schedulers  # noqa: PLC0415 - as above

    if Settings().tune_scheduler == "none":
        return schedulers.FIFOScheduler()  # type: ignore[no-untyped-call]  # Ray leaves it untyped
    return schedulers.AsyncHyperBandScheduler(
        time_attr="training_iteration", metric="accuracy", mode="max", max_t=MAX_EPOCHS
    )
