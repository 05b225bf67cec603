"""The summary of a search, drawn on a terminal."""

from collections.abc import Sequence
from datetime import timedelta

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from api.commands.search_summary import SearchSummary, described, now

BARS = "▁▂▃▄▅▆▇█"
COLUMNS = 32
BAR_WIDTH = 40


class Picture:
    """A search's summary for a terminal. It is made again at every refresh, so that the time left is of now."""

    def __init__(self, summary: SearchSummary) -> None:
        self._summary = summary

    def __rich__(self) -> RenderableType:
        summary = self._summary
        doing = [summary.state, *([summary.phase] if summary.phase else [])]
        if summary.progress:
            doing.append("{what} {done}/{total}".format(**summary.progress))
        lines: list[RenderableType] = [Text(f"{summary.name}  {'  '.join(doing)}", style="bold"), self._bar()]
        if summary.best is not None:
            lines.append(Text(f"best   trial {summary.best['number']}  {described(summary.best)}", style="green"))
        if summary.front:
            lines.append(Text(f"front  {sparkline(summary.front)}"))
        lines += [Text(f"       trial {trial['number']}  {described(trial)}", style="dim") for trial in summary.last]
        return Group(*lines)

    def _bar(self) -> Table:
        summary = self._summary
        left = summary.left(now())
        parts = [f"{summary.done}/{summary.max_trials}"]
        parts += [
            f"{count} {name}"
            for count, name in (
                (summary.pruned, "stopped early"),
                (summary.failed, "failed"),
                (summary.reused, "reused"),
            )
            if count
        ]
        if left is not None:
            parts.append(f"about {timedelta(seconds=round(left.total_seconds()))} left")
        grid = Table.grid(padding=(0, 2))
        grid.add_row(
            ProgressBar(total=summary.max_trials, completed=summary.done, width=BAR_WIDTH), Text("  ".join(parts))
        )
        return grid


def sparkline(front: Sequence[tuple[float, float]]) -> str:
    """A front of (latency in ms, accuracy) in one line; a column shows the best accuracy up to its latency."""
    (fastest, lowest), (slowest, highest) = front[0], front[-1]
    span_ms, span = (slowest - fastest) or 1.0, (highest - lowest) or 1.0
    bars = ""
    for column in range(COLUMNS if len(front) > 1 else 1):
        limit = fastest + span_ms * (column + 1) / COLUMNS
        best = max(accuracy for latency, accuracy in front if latency <= limit or latency == fastest)
        bars += BARS[round((best - lowest) / span * (len(BARS) - 1))]
    return f"{fastest:.3g} ms {lowest:.1%} {bars} {highest:.1%} {slowest:.3g} ms"
