"""Tasks as trials of Ray Tune: its trainable, and the search algorithm that feeds it. Imports Ray."""

import os
import pickle
import queue
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.tune.search import Searcher
from ray.tune.stopper import Stopper

from workers.executing.executor import Task
from workers.executing.openmp import openmp_variables
from workers.executing.pool import Ended, Reported, WorkerGoneError, perform

WAIT_S = 0.01
"""How long Tune's loop waits for work each time it asks; it handles no other events meanwhile."""


class TaskTrainable(tune.Trainable):
    """Runs tasks one after the other in the same process (reuse_actors). Each step is a report; the last is the end."""

    def setup(self, config: dict[str, Any]) -> None:
        os.environ.update(openmp_variables(config["threads"]))
        self._running: _Running | None = None
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self.cleanup()
        task, arguments = pickle.loads(new_config["work"])  # noqa: S301 - the driver's own
        given = tuple(ray.get(value) if isinstance(value, ray.ObjectRef) else value for value in arguments)
        self._running = _Running(task, given)
        return True

    def step(self) -> dict[str, Any]:
        assert self._running is not None  # noqa: S101 - setup comes first
        return self._running.step()

    def cleanup(self) -> None:
        if self._running:
            self._running.stop()


class _Running:
    """A task in a thread. It waits in its report until the next step, as Tune may end it there."""

    def __init__(self, task: Task, arguments: tuple[Any, ...]) -> None:
        self._messages: queue.SimpleQueue[tuple[Reported | Ended, bytes]] = queue.SimpleQueue()
        self._go = threading.Semaphore(0)
        self._reported = self._stopped = False
        work = (task, arguments, self._send, lambda: self._stopped)
        self._thread = threading.Thread(target=perform, args=work, daemon=True)
        self._thread.start()

    def step(self) -> dict[str, Any]:
        if self._reported:
            self._go.release()
        message, sent = self._messages.get()
        self._reported = isinstance(message, Reported)
        if isinstance(message, Ended):
            return {"done": True, "message": sent}
        return {"message": sent}

    def stop(self) -> None:
        self._stopped = True
        self._go.release()
        self._thread.join()

    def _send(self, message: Reported | Ended) -> None:
        self._messages.put((message, ray.cloudpickle.dumps(message)))  # type: ignore[no-untyped-call]  # Ray leaves it untyped
        if isinstance(message, Reported):
            self._go.acquire()
            if self._stopped:
                raise CancelledError


@dataclass(eq=False)
class _Attempt:
    """One attempt at a task. Its last message is how it ended, or None: its worker has died."""

    work: bytes
    messages: queue.SimpleQueue[Reported | Ended | None] = field(default_factory=queue.SimpleQueue)
    stopped: bool = False
    actor: Any = None


class Feed(Searcher):
    """Gives waiting attempts to Tune, some hundred in one experiment, and receives their reports and ends."""

    def __init__(self, threads: int) -> None:
        super().__init__()
        self.threads = threads
        self.waiting: queue.SimpleQueue[_Attempt] = queue.SimpleQueue()
        self.running: dict[str, _Attempt] = {}
        self.left = 0
        self.closed = False

    def suggest(self, trial_id: str) -> Any:
        if self.closed or not self.left:
            return Searcher.FINISHED
        try:
            attempt = self.waiting.get(timeout=WAIT_S)
        except queue.Empty:
            return None
        if attempt.stopped:
            attempt.messages.put(Ended(error=CancelledError()))
            return None
        self.left -= 1
        self.running[trial_id] = attempt
        return {"work": attempt.work, "threads": self.threads}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        self.running[trial_id].messages.put(pickle.loads(result["message"]))  # noqa: S301 - our own worker's

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        attempt = self.running.pop(trial_id)
        message = None if error or not result else pickle.loads(result["message"])  # noqa: S301 - as above
        attempt.messages.put(message)
        if isinstance(message, Reported):  # it was cancelled
            attempt.messages.put(Ended(error=CancelledError()))

    def save(self, checkpoint_path: str) -> None:
        """Nothing is resumed from Tune's files: the ledger has the state of the search."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing to restore, as nothing is saved."""

    def __getstate__(self) -> dict[str, Any]:
        return {}


class TuneWorker:
    """A worker of the pool, whose task Tune gives to one of its actors."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._stopped = -1
        self._attempt: _Attempt | None = None

    def run(self, number: int, task: Task, arguments: tuple[Any, ...]) -> Iterator[Reported | Ended]:
        attempt = self._attempt = _Attempt(_pickled((task, arguments)))
        attempt.stopped = number == self._stopped
        self._feed.waiting.put(attempt)
        while (message := attempt.messages.get()) is not None:
            yield message
            if isinstance(message, Ended):
                self._attempt = None  # Tune gives its actor to other tasks
                return
        raise WorkerGoneError("its actor has died")

    def stop(self, number: int) -> None:
        self._stopped = number
        attempt = self._attempt
        if attempt:
            attempt.stopped = True

    def kill(self) -> None:
        attempt = self._attempt
        if attempt:
            attempt.stopped = True
            attempt.messages.put(None)
            if attempt.actor:
                ray.kill(attempt.actor)


class ActorRecorder(tune.Callback):
    """Records which actor runs which attempt, so that it can be killed."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:  # noqa: ARG002 - Tune's
        self._feed.running[trial.trial_id].actor = trial.temporary_state.ray_actor

    def __getstate__(self) -> dict[str, Any]:
        return {}


class StopUnwanted(Stopper):
    """Stops trials whose attempt is no longer wanted."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:  # noqa: ARG002 - Tune's signature
        attempt = self._feed.running.get(trial_id)
        return attempt is None or attempt.stopped

    def stop_all(self) -> bool:
        return self._feed.closed

    def __getstate__(self) -> dict[str, Any]:
        return {}


def run_experiment(feed: Feed, name: str, folder: Path, resources: dict[str, float]) -> None:
    """Run tasks as the trials of one experiment, until there were enough of them or the feed is closed."""
    tuner = tune.Tuner(
        tune.with_resources(TaskTrainable, resources),
        tune_config=tune.TuneConfig(
            search_alg=feed,
            num_samples=-1,
            reuse_actors=True,
            trial_dirname_creator=lambda trial: str(trial.trial_id),
        ),
        run_config=tune.RunConfig(
            name=name,
            storage_path=str(folder),
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            failure_config=tune.FailureConfig(max_failures=0),  # the pool starts a task again
            callbacks=[ActorRecorder(feed)],
            stop=StopUnwanted(feed),
            verbose=0,
        ),
    )
    tuner.fit()


def _pickled(value: Any) -> bytes:
    """The value pickled, functions of scripts included."""
    pickled: bytes = ray.cloudpickle.dumps(value)  # type: ignore[no-untyped-call]  # Ray leaves it untyped
    return pickled
