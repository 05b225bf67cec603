"""The progress of a run on a console: a bar on a terminal, lines elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from nas.command_line.progress_lines import ProgressLines
from nas.metric import present, tabulated
from nas.trial import Metrics, State, Trial


class ConsoleListener:
    """Shows progress on a console; use `drawn()` around the run."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._bars: dict[str, TaskID] = {}
        self._console = console
        self._clock, self._start = clock, clock()
        self._lines = ProgressLines(self.say, clock)

    @contextmanager
    def drawn(self) -> Iterator["ConsoleListener"]:
        with self._progress if self._console.is_terminal else nullcontext():
            yield self

    def say(self, text: str) -> None:
        self._print(escape(text))

    def _print(self, markup: str) -> None:
        self._console.print(
            f"[dim]{self._clock() - self._start:6.1f} s[/dim]  {markup}", highlight=False, soft_wrap=True
        )
        self._lines.told()

    def phase(self, phase: str) -> None:
        """Phases are not shown; lines of text mark them."""

    def epoch(self, what: str, trial: int | None, epoch: int, epochs: int, metrics: Metrics) -> None:  # noqa: ARG002 - a console shows how far, not how well
        self._show(what, f"{what}, epochs", epoch, epochs)

    def step(self, what: str, done: int, total: int, left_s: float | None = None) -> None:
        self._show(what, what, done, total, left_s)

    def _show(self, what: str, in_line: str, done: int, total: int, left_s: float | None = None) -> None:
        if not self._console.is_terminal:
            self._lines.step(in_line, done, total, left_s)
            return
        if what not in self._bars:
            self._bars[what] = self._progress.add_task(what, total=total)
        self._progress.update(self._bars[what], completed=done, total=total)
        if done >= total:
            self._progress.remove_task(self._bars.pop(what))

    def started(self, number: int) -> None:
        """Not shown; the bar of the trial's epochs appears."""

    def trial(self, trial: Trial, total: int) -> None:
        if trial.state is State.RUNNING:
            return
        name = f"trial {trial.number} (of {total})  {trial.candidate.architecture.id}"
        if trial.state is State.SUCCEEDED:
            self.say(f"{name}  {_described(trial.metrics)}  reward {trial.reward:.4f}")
        elif trial.state is State.PRUNED:
            self.say(f"{name}  {_described(trial.metrics)}  {trial.reason}")
        else:
            self._print(f"{name}  [red]{trial.state}[/red]: {escape(str(trial.reason))}")


def _described(metrics: Metrics) -> str:
    columns = [*tabulated(), *present([metrics])]
    return "  ".join(f"{made.show(metrics[made.name])} {made.heading}" for made in columns if made.name in metrics)
