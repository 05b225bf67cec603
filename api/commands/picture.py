"""A story drawn on a terminal."""

from collections.abc import Sequence
from datetime import timedelta

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from api.commands.search_summary import Story, described, now

BARS = "▁▂▃▄▅▆▇█"
COLUMNS = 32
BAR_WIDTH = 40


class Picture:
    """Drawn anew at every refresh, so that the time left goes on between events."""

    def __init__(self, story: Story) -> None:
        self._story = story

    def __rich__(self) -> RenderableType:
        story = self._story
        doing = [story.state, *([story.phase] if story.phase else [])]
        if story.progress:
            doing.append("{what} {done}/{total}".format(**story.progress))
        lines: list[RenderableType] = [Text(f"{story.name}  {'  '.join(doing)}", style="bold"), self._bar()]
        if story.best is not None:
            lines.append(Text(f"best   trial {story.best['number']}  {described(story.best)}", style="green"))
        if story.front:
            lines.append(Text(f"front  {sparkline(story.front)}"))
        lines += [Text(f"       trial {trial['number']}  {described(trial)}", style="dim") for trial in story.last]
        return Group(*lines)

    def _bar(self) -> Table:
        story = self._story
        left = story.left(now())
        parts = [f"{story.done}/{story.max_trials}"]
        parts += [f"{count} {name}" for count, name in ((story.failed, "failed"), (story.reused, "reused")) if count]
        if left is not None:
            parts.append(f"about {timedelta(seconds=round(left.total_seconds()))} left")
        grid = Table.grid(padding=(0, 2))
        grid.add_row(ProgressBar(total=story.max_trials, completed=story.done, width=BAR_WIDTH), Text("  ".join(parts)))
        return grid


def sparkline(front: Sequence[tuple[float, float]]) -> str:
    """A front in one line: accuracy over latency in ms, each column the best that is as fast."""
    (fastest, lowest), (slowest, highest) = front[0], front[-1]
    span_ms, span = (slowest - fastest) or 1.0, (highest - lowest) or 1.0
    bars = ""
    for column in range(COLUMNS if len(front) > 1 else 1):
        most = fastest + span_ms * (column + 1) / COLUMNS
        best = max(accuracy for latency, accuracy in front if latency <= most or latency == fastest)
        bars += BARS[round((best - lowest) / span * (len(BARS) - 1))]
    return f"{fastest:.3g} ms {lowest:.1%} {bars} {highest:.1%} {slowest:.3g} ms"
