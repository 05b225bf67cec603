"""What a searcher is worth: the figures of its search beside those of random draws at equal cost."""

from nas.quantities import MISSING, minus, significant
from nas.report.markup import Markup, join, tag
from nas.report.results import Record


def baseline(record: Record) -> Markup | None:
    """A table of both arms with their differences; None of a search without a baseline."""
    found = record.get("baseline")
    if not found:
        return None
    if not found["comparison"]:
        return tag("p", "An arm has no trial that succeeded, so there is nothing to compare.", class_="empty")
    note = f"{found['explanation']} {found['reused']} of the baseline's {found['trials']} trials were trained before."
    heads = ("", "search", f"{found['searcher']} draws", "difference", "95 % interval")
    head = tag("thead", tag("tr", *(tag("th", text, scope="col") if text else tag("td") for text in heads)))
    table = tag("table", head, tag("tbody", *map(_row, found["comparison"])))
    scrolls = tag("div", table, class_="wide table", role="region", aria_label="Against random draws", tabindex=0)
    return join([scrolls, tag("p", note, class_="note")])


def _row(row: Record) -> Markup:
    low, high = row["low"], row["high"]
    interval = MISSING if low is None or high is None else f"{_signed(low)} to {_signed(high)}"
    cells = (significant(row["searcher"], 4), significant(row["baseline"], 4), _signed(row["difference"]), interval)
    return tag("tr", tag("th", row["figure"], scope="row"), *(tag("td", cell) for cell in cells))


def _signed(value: float) -> str:
    return minus(f"{value:+.4f}")
