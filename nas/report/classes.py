"""The best finalist class by class: recall, balanced accuracy, and which classes are taken for which."""

from nas.quantities import number, percent, whole
from nas.report.markup import Markup, join, tag
from nas.report.results import Record, headline

CONFUSION_CLASSES = 20
"""The matrix is shown for so many classes at most; for more, the commonest mistakes alone."""
MISTAKES = 10


def classes_section(record: Record) -> Markup | None:
    """None before there is a finalist, and for searches from before classes were counted."""
    finalist = headline(record)
    found = finalist and finalist.get("by_class", {}).get("test")
    if not finalist or not found:
        return None
    parts: list[Markup | None] = [tag("p", _summary(finalist, found)), _recalls(found)]
    if len(found["classes"]) <= CONFUSION_CLASSES:
        parts.append(_matrix(found))
    parts += [_mistakes(found)]
    return join([part for part in parts if part])


def _summary(finalist: Record, found: Record) -> str:
    text = (
        f"Trial {finalist['trial']} on {whole(found['images'])} test images: accuracy {percent(found['accuracy'], 1)}, "
        f"balanced accuracy (the mean of the classes' recalls) {percent(found['balanced_accuracy'], 1)}; always "
        f"answering {found['majority_class']} would give {percent(found['majority_rate'], 1)}."
    )
    if found["note"]:
        text += f" Mind that {found['note']}."
    if found["in_train"]:
        without = number(found, "accuracy_without_train")
        rest = "and there are no others" if without is None else f"the accuracy on the others is {percent(without, 1)}"
        text += f" {whole(found['in_train'])} of the images also lie in train, pixel for pixel: {rest}."
    return text


def _recalls(found: Record) -> Markup:
    rows = [
        tag(
            "tr",
            tag("th", name, scope="row"),
            tag("td", whole(sum(counts))),
            tag("td", percent(recall, 1) if recall is not None else "no test image"),
        )
        for name, counts, recall in zip(found["classes"], found["confusion"], found["recall"], strict=True)
    ]
    return _table("Recall of each class", ("class", "test images", "recall"), rows)


def _matrix(found: Record) -> Markup:
    rows = [
        tag("tr", tag("th", name, scope="row"), *(tag("td", whole(count) if count else "") for count in counts))
        for name, counts in zip(found["classes"], found["confusion"], strict=True)
    ]
    return _table("Confusion matrix", ("is \\ found to be", *found["classes"]), rows)


def _mistakes(found: Record) -> Markup | None:
    names = found["classes"]
    pairs = [
        (count, names[row], names[column])
        for row, counts in enumerate(found["confusion"])
        for column, count in enumerate(counts)
        if count and row != column
    ]
    if not pairs:
        return None
    most = sorted(pairs, key=lambda pair: -pair[0])[:MISTAKES]
    said = ", ".join(f"{what} for {taken} ({whole(count)})" for count, what, taken in most)
    return tag("p", f"Most often taken for another: {said}.", class_="note")


def _table(name: str, heads: tuple[str, ...], rows: list[Markup]) -> Markup:
    head = tag("thead", tag("tr", *(tag("th", text, scope="col") for text in heads)))
    table = tag("table", head, tag("tbody", *rows))
    return tag("div", table, class_="wide table", role="region", aria_label=name, tabindex=0)
