"""How right the finalists are class by class, and without images that they saw in training."""

from typing import Any

from nas.evaluator import BALANCED
from nas.trial import unheard
from workers.searching.context import SearchContext
from workers.tasks.classify import classify

Row = dict[str, Any]


def add_classes(context: SearchContext, finalists: list[Row]) -> None:
    """Give each finalist `by_class`: by split, what nas.statistics.by_class says of its .onnx.

    Each is kept at once. metrics get balanced accuracies, and those without the images that also lie in train if there
    are such. Where trials are scored by balanced accuracy, `ranked_by` names the metric that orders finalists.
    """
    kept = {row["file"]: context.store.known(_key(row)) for row in finalists}
    missing = [row for row in finalists if kept[row["file"]] is None]
    models = [(context.store.path / row["file"]).read_bytes() for row in missing]
    futures = [context.submit(classify, model, report=unheard) for model in models]
    for row, future in zip(missing, futures, strict=True):
        kept[row["file"]] = context.store.keep(_key(row), future.result())
    is_balanced = context.spec.evaluator.get("accuracy") == BALANCED
    for row in finalists:
        row["by_class"] = kept[row["file"]]
        row["metrics"] |= _metrics(row["by_class"])
        if is_balanced:
            row["ranked_by"] = "validation_balanced_accuracy"
        if note := row["by_class"]["test"]["note"]:
            context.listener.say(f"finalist {row['id']}: {note}")


def _metrics(found: Row) -> dict[str, float]:
    metrics = {f"{part}_balanced_accuracy": of["balanced_accuracy"] for part, of in found.items()}
    without = {
        f"{part}_accuracy_without_train": of["accuracy_without_train"]
        for part, of in found.items()
        if of["in_train"] and of["accuracy_without_train"] is not None
    }
    return metrics | without


def _key(row: Row) -> str:
    return f"{row['file'].removesuffix('.onnx')}-by-class"
