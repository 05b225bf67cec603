"""How the finalists were chosen: what is believed of the best networks beside the scores that were observed."""

from nas.quantities import minus, percent
from nas.report.markup import Markup, join, tag
from nas.report.results import Record
from nas.statistics.proportions import bracketed


def ranking(record: Record) -> Markup | None:
    """A table of the best networks, and how they were ranked; None of a record without it."""
    found = record.get("ranking")
    if not found or not found["standings"]:
        return None
    heads = ("trial", "observed", "trainings", "average", "posterior mean", "reward", "")
    head = tag("thead", tag("tr", *(tag("th", text, scope="col") if text else tag("td") for text in heads)))
    finalists = {finalist["trial"] for finalist in record["finalists"]}
    rows = [_row(row, is_finalist=row["trial"] in finalists) for row in found["standings"]]
    table = tag("table", head, tag("tbody", *rows), class_="ranking")
    scrolls = tag("div", table, class_="wide table", role="region", aria_label="Choice of finalists", tabindex=0)
    return join([tag("p", said(found), class_="note"), scrolls])


def said(found: Record) -> str:
    """How the order came about, and what the interval says."""
    text = f"Finalists are the first by the reward of the posterior mean, which comes from {found['explanation']}."
    if found["noise"] is None:
        return text
    return (
        f"{text} One training's accuracy deviates by {percent(found['noise'])} (standard deviation) from the mean over "
        "seeds. In brackets is the 95 % interval of that mean on these validation images; it does not cover that they "
        "are a sample."
    )


def _row(row: Record, *, is_finalist: bool) -> Markup:
    link = tag("a", f"trial {row['trial']}", href=f"#trial-{row['trial']}")
    cells = (
        percent(row["observed"]),
        str(row["trainings"]),
        percent(row["average"]),
        percent(row["mean"]) + bracketed(row, "mean"),
        minus(f"{row['reward']:.4f}"),
        tag("small", "finalist") if is_finalist else "",
    )
    return tag("tr", tag("th", link, scope="row"), *(tag("td", cell) for cell in cells))
