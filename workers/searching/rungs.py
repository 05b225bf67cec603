"""Trainings that stop at the rungs of a pruner, and their checkpoints in the search's folder."""

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import TypeVar

from nas.errors import CheckpointError
from nas.files import write_whole
from nas.ops.notation import write_network
from nas.trial import Metrics, Report, Trial
from workers.searching.context import SearchContext
from workers.tasks.train import Leg, Stopped, evaluate_until

A = TypeVar("A")
B = TypeVar("B")


class RungTrainings:
    """Trains the trials of a search from rung to rung. A checkpoint is a file as long as its trial may go on.

    A trial whose checkpoint is lost, as on another machine, is trained from its start; the listener is told.
    """

    def __init__(self, context: SearchContext, report_of: Callable[[Trial], Report]) -> None:
        self._context, self._report_of = context, report_of
        self._folder = context.store.path / "checkpoints"

    def train_until(self, trial: Trial, epochs: int) -> Future[Metrics]:
        """Train the trial on, from its last rung, up to so many epochs in all."""
        context, checkpoint, lost = self._context, None, None
        try:
            checkpoint = self._path(trial.number).read_bytes()
        except OSError as error:
            lost = f"{error.filename}: {error.strerror}" if trial.rung else None
        future = context.submit(
            evaluate_until,
            write_network(trial.candidate.architecture.expand()),
            Leg(epochs, checkpoint, lost),
            context.prepared_content(),
            report=self._report_of(trial),
            on_start=partial(context.listener.started, trial.number),
        )
        return then(future, partial(self._kept, trial.number, epochs))

    def drop(self, number: int) -> None:
        """The trial does not go on any more."""
        self._path(number).unlink(missing_ok=True)

    def drop_all(self) -> None:
        for path in self._folder.glob("trial-*.pt"):
            path.unlink()

    def _kept(self, number: int, epochs: int, stopped: Stopped) -> Metrics:
        """The metrics of a trial that has stopped, when its checkpoint is safe."""
        if stopped.lost:
            self._context.listener.say(
                f"trial {number}: its checkpoint was lost ({stopped.lost}), so it was trained from its start"
            )
        if epochs < self._context.evaluator.epochs:
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                write_whole(self._path(number), stopped.checkpoint)
            except OSError as error:
                raise CheckpointError(
                    f"{self._path(number)} could not be written ({error.strerror}); free some space"
                ) from error
        return stopped.metrics

    def _path(self, number: int) -> Path:
        return self._folder / f"trial-{number}.pt"


def then(future: Future[A], made: Callable[[A], B]) -> Future[B]:
    """A future of what made makes of the first one's result; it fails as either does. It cannot be cancelled."""
    following: Future[B] = Future()

    def pass_on(ended: Future[A]) -> None:
        try:
            following.set_result(made(ended.result()))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is that of the following
            following.set_exception(error)

    future.add_done_callback(pass_on)
    return following
