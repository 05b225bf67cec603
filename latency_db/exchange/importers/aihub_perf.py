"""Files perf.yaml of Qualcomm AI Hub Models: precision, component, device and runtime to an inference time."""

from collections.abc import Iterator, Mapping

import yaml

from latency_db.errors import TableFormatError
from latency_db.exchange.importer import Importer, Origin, importer, number
from latency_db.exchange.table import RowKind, TableRow
from latency_db.exchange.yaml_tree import items, line, parse

_IN_MS = "inference_time_milliseconds"


@importer("aihub_perf")
class AiHubPerf(Importer):
    """The unit is part of the field's name; another one is refused."""

    def rows(self, text: str, origin: Origin) -> Iterator[TableRow]:
        if origin.unit != "ms":
            raise TableFormatError(f"unit is {origin.unit!r}, but {_IN_MS} is in ms; give ms")
        root = parse(text)
        precisions = dict(items(root, "the file")).get("precisions")
        if precisions is None:
            raise TableFormatError("line 1: no `precisions`; fetch a perf.yaml of a release that has them")
        for precision, described in items(precisions, "precisions"):
            for component, measured in items(_child(described, "components"), "components"):
                for device, runtimes in items(_child(measured, "performance_metrics"), "performance_metrics"):
                    for runtime, metrics in items(runtimes, device):
                        labels = {"component": component, "precision": precision, "runtime": runtime}
                        yield from _row(metrics, device, labels)


def _child(node: yaml.Node, name: str) -> yaml.Node:
    found = dict(items(node, name)).get(name)
    if found is None:
        raise TableFormatError(f"line {line(node)}: no {name!r}; correct the file or leave the entry out")
    return found


def _row(metrics: yaml.Node, device: str, labels: Mapping[str, str]) -> Iterator[TableRow]:
    given = dict(items(metrics, "metrics"))
    time = given.get(_IN_MS)
    if time is None:
        raise TableFormatError(f"line {line(metrics)}: no {_IN_MS}; older files are in us: convert them first")
    if time.value in {"null", "~", ""}:  # a job that failed
        return
    features: dict[str, float | str] = dict(labels)
    if "primary_compute_unit" in given:
        features["compute_unit"] = str(given["primary_compute_unit"].value)
    key = "|".join(labels.values())
    yield TableRow(key, RowKind.MODEL, device, number(time.value, f"line {line(time)}"), features=features)
