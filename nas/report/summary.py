"""The top of the page: the result in two numbers, and how it compares with the reference networks."""

from nas.metric import Source, tabulated
from nas.quantities import (
    MISSING,
    TIMES,
    milliseconds,
    number,
    percent,
    points,
    signed_percent,
    significant,
    speed,
    whole,
)
from nas.reference_curves.outside import Outside
from nas.report.curves import bounds_in_words
from nas.report.markup import Child, Markup, join, tag
from nas.report.results import TEST, Record, accuracy_shown, best_trial, headline, shown, target
from nas.statistics.proportions import interval, with_intervals


def summary(record: Record) -> Markup:
    """The best finalist; before there is one, the best trial; before that, that there is nothing yet."""
    finalist = headline(record)
    if finalist:
        return join([_finalist(record, finalist), _comparison(record, finalist)])
    best = best_trial(record)
    if best:
        return _best_trial(best, record)
    state = "ended without a trained candidate" if record["finished"] else "started; no candidate has been trained yet"
    return tag("p", f"The search has {state}.", class_="lead")


def _figure(value: str, name: str, *notes: Child) -> Markup:
    amount, _, unit = value.partition("\u00a0")
    shown = join([amount, tag("small", unit)]) if unit else amount
    return tag("div", tag("dt", name), tag("dd", shown, class_="big"), *(tag("dd", note) for note in notes if note))


def _finalist(record: Record, finalist: Record) -> Markup:
    metrics = finalist["metrics"]
    latency = number(metrics, "latency_ms")
    first, *others = tabulated(Source.NETWORK)
    sizes = [f"{shown(metrics, size.name)} {size.heading}" for size in others] + [shown(metrics, "size_bytes")]
    spread = _spread(metrics, "test", record["dataset"])
    p90 = number(metrics, "latency_p90_ms")
    figures = (
        _figure(shown(metrics, TEST, "accuracy"), "Test accuracy", "through ONNX Runtime", spread),
        _figure(
            shown(metrics, "latency_ms"),
            "Measured latency",
            _against_target(record, latency),
            None if p90 is None else f"p90 {milliseconds(p90)}",
        ),
        _speed_up(record, finalist),
        _figure(shown(metrics, first.name), first.label.capitalize(), ", ".join(sizes)),
    )
    chosen = f"Best finalist: trial {finalist['trial']}, "
    text = tag("p", chosen, tag("code", finalist["file"]), class_="chosen")
    return join([tag("dl", *figures, class_="figures"), text])


def _spread(values: Record, split: str, images: Record) -> str | None:
    """The interval of an accuracy in words, with the number of images of its split."""
    bounds = interval(values, f"{split}_accuracy")
    if bounds is None:
        return None
    return f"{percent(bounds[0], 1)} to {percent(bounds[1], 1)} (95 %, {whole(number(images, split))} images)"


def _speed_up(record: Record, finalist: Record) -> Markup | None:
    """The comparison with the first curve that has the finalist's accuracy, or else with the best of the first curve
    that has only less, or else with the first reference whose latency is known.
    """
    for outside in (None, Outside.ABOVE):
        for each in finalist.get("beside_curves", ()):
            if each["outside"] == outside:
                return _beside_curve(each)
    own = number(finalist["metrics"], "latency_ms")
    found = ((r, x) for r in record["references"] if (x := number(r["metrics"], "latency_ms")))
    reference, latency = next(found, (None, None))
    if not own or not latency or reference is None:
        return None
    ratio, _, word = speed(latency / own).partition(" ")
    takes = f"which takes {milliseconds(latency)}"
    return _figure(ratio, f"{word.capitalize()} than {reference['label']}", takes, _lead(finalist, reference))


def _beside_curve(each: Record) -> Markup:
    ratio, curve = f"{significant(each['ratio'], 2)}{TIMES}", f"the curve of {each['curve']}"
    if each["outside"] is None:
        bounds = bounds_in_words(each["low"], each["high"])
        return _figure(ratio, f"As fast as {curve}", "at equal test accuracy", bounds)
    return _figure(ratio, f"As fast as the most accurate of {curve}", "and more accurate than all of it")


def _lead(finalist: Record, reference: Record) -> str | None:
    """How the finalist's test accuracy compares; a difference is stated only where the intervals do not overlap."""
    own, other = number(finalist["metrics"], TEST), number(reference["metrics"], TEST)
    match reference["verdict"]:
        case "unclear":
            return "no clear difference in test accuracy"
        case "better" | "worse" if own is not None and other is not None:
            return f"{points(own - other)} of test accuracy"
    return None


def _against_target(record: Record, latency: float | None) -> str | None:
    limit = target(record)
    if limit is None or latency is None:
        return None
    where = "within" if latency <= limit else f"{signed_percent(latency / limit - 1)} over"
    return f"{where} the target of {milliseconds(limit)}"


def _best_trial(trial: Record, record: Record) -> Markup:
    metrics = trial["metrics"]
    is_balanced = record["spec"].get("evaluator", {}).get("accuracy") == "balanced"
    known = {} if is_balanced else {"validation_accuracy": metrics.get("accuracy")}  # that of a mean is another
    accuracy = with_intervals(known, record["dataset"])
    first, *others = tabulated(Source.NETWORK)
    sizes = ", ".join(f"{shown(metrics, size.name)} {size.heading}" for size in others)
    figures = (
        _figure(
            shown(metrics, "accuracy"),
            "Balanced validation accuracy" if is_balanced else "Validation accuracy",
            "at the trials' few epochs",
            _spread(accuracy, "validation", record["dataset"]),
        ),
        _figure(shown(metrics, "latency_ms"), "Estimated latency"),
        _figure(shown(metrics, first.name), first.label.capitalize(), sizes),
    )
    text = f"Best trial by reward: trial {trial['number']}, without a finalist's longer training."
    return join([tag("dl", *figures, class_="figures"), tag("p", text, class_="chosen")])


def _comparison(record: Record, finalist: Record) -> Markup | None:
    """The finalist's latency beside each reference's, as bars; and the test accuracies."""
    own = number(finalist["metrics"], "latency_ms")
    known = [(r, x) for r in record["references"] if (x := number(r["metrics"], "latency_ms"))]
    if not own or not known:
        return None
    longest = max([own, *(latency for _, latency in known)])
    rows = [_row(f"trial {finalist['trial']}", finalist, longest, "", "", first=True)]
    for reference, latency in sorted(known, key=lambda pair: pair[1]):
        lead = _lead(finalist, reference) or MISSING
        rows.append(_row(reference["label"], reference, longest, speed(latency / own), lead))
    heads = ("network", "measured latency", "", "test accuracy", "the best finalist is", "and has")
    head = tag("thead", tag("tr", *(tag("th", text, scope="col") if text else tag("td") for text in heads)))
    device = record["device"]
    note = (
        f"Latencies are measured end to end on {device['name']} ({device.get('statistic') or 'no statistic given'}). "
        "All networks are trained alike and tested on the same images, each through its exported file. Accuracies "
        "differ clearly where their 95 % intervals, in brackets, do not overlap."
    )
    if any(number(r["metrics"], TEST) is None for r, _ in known):
        note += f" {MISSING}: this reference was not trained."
    table = tag("table", head, tag("tbody", *rows), class_="compare")
    scrolls = tag("div", table, class_="wide", role="region", aria_label="Comparison with references", tabindex=0)
    return join([tag("h2", "Against hand-designed networks"), scrolls, tag("p", note, class_="note")])


def _row(name: str, row: Record, longest: float, ratio: str, lead: str, *, first: bool = False) -> Markup:
    latency = row["metrics"]["latency_ms"]
    bar = tag(
        "rect", width=f"{100 * latency / longest:.2f}%", height=10, rx=3, class_="bar first-bar" if first else "bar"
    )
    drawn = tag("svg", bar, width="100%", height=10, aria_hidden="true")
    cells = (significant(latency) + "\u00a0ms", accuracy_shown(row["metrics"]), ratio, lead)
    head = tag("th", name, scope="row")
    return tag("tr", head, tag("td", drawn, class_="bars"), *(tag("td", cell) for cell in cells))
