"""Tasks as trials of Ray Tune: its trainable, and the search algorithm that feeds it. Imports Ray."""

import pickle
import queue
import threading
import time
from typing import Any

import ray
from ray import tune
from ray.tune.search import Searcher
from ray.tune.stopper import Stopper

from workers.pool import Ended, Reported, perform

IDLE_S = 0.01


class Work(tune.Trainable):  # type: ignore[misc]  # Ray's classes are untyped
    """Runs one task after the other in the same process (reuse_actors). A step is a report, the last one its end."""

    def setup(self, config: dict[str, Any]) -> None:
        self._stopped = threading.Event()
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self._stopped.set()  # a task that was stopped may still be there
        self._stopped = threading.Event()
        self._messages: queue.SimpleQueue[Reported | Ended] = queue.SimpleQueue()
        task, arguments = pickle.loads(new_config["job"])  # noqa: S301 - the driver's own
        given = tuple(ray.get(value) if isinstance(value, ray.ObjectRef) else value for value in arguments)
        work = (task, given, self._messages.put, self._stopped.is_set)
        threading.Thread(target=perform, args=work, daemon=True).start()
        return True

    def step(self) -> dict[str, Any]:
        message = self._messages.get()
        metrics = message.metrics if isinstance(message, Reported) else {}
        # As bytes, because Tune flattens what is nested.
        return {**metrics, "done": isinstance(message, Ended), "message": pickle.dumps(message)}

    def cleanup(self) -> None:
        self._stopped.set()


class Feed(Searcher):  # type: ignore[misc]  # Ray's classes are untyped
    """Gives Tune the tasks that wait, and hears of their reports and ends.

    desk has take(trial_id) -> job as bytes or None, told(trial_id, result), ended(trial_id, result, died), and closed.
    """

    def __init__(self, desk: Any, trials: int) -> None:
        super().__init__(metric="accuracy", mode="max")
        self._desk, self._left = desk, trials

    def suggest(self, trial_id: str) -> Any:
        if self._desk.closed or not self._left:
            return Searcher.FINISHED
        job = self._desk.take(trial_id)
        if job is None:
            time.sleep(IDLE_S)
            return None
        self._left -= 1
        return {"job": job}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        self._desk.told(trial_id, result)

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        self._desk.ended(trial_id, result, error)

    def save(self, checkpoint_path: str) -> None:
        """Nothing is ever resumed from Tune's files: the ledger knows what there is to do."""

    def restore(self, checkpoint_path: str) -> None:
        """See save."""

    def __getstate__(self) -> dict[str, Any]:
        return {}


class Stop(Stopper):  # type: ignore[misc]  # Ray's classes are untyped
    """Stops trials whose future was cancelled."""

    def __init__(self, desk: Any) -> None:
        self._desk = desk

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:  # noqa: ARG002 - Tune's signature
        return bool(self._desk.cancelled(trial_id))

    def stop_all(self) -> bool:
        return bool(self._desk.closed)

    def __getstate__(self) -> dict[str, Any]:
        return {}
