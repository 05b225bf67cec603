"""The end of a search: references and finalists are measured side by side, and the files are published."""

from collections.abc import Mapping
from typing import Any

from latency_db.profiling.measurer import Measurer
from latency_db.records.record import RecordState, Signature
from latency_db.records.signatures import onnx_signature
from latency_db.validating.validation import log_estimates
from nas.errors import NotMeasuredError
from nas.image_set.note import counted
from nas.onnx_file.metadata import annotate
from nas.ops.notation import read_network
from workers.searching.context import SearchContext, SearchDevice, measuring
from workers.searching.finalists.files import measured_file, publish
from workers.searching.finalists.references import as_tested

Row = dict[str, Any]

LATENCIES, SUSPECT = "latencies", "suspect-latencies"
"""Names under which a search keeps what was measured; those of a device that is not the first end in its suffix."""


def measure_end_to_end(context: SearchContext, references: list[Row], finalists: list[Row]) -> None:
    """Measure references and finalists together on each device, add the latencies to rows and files; publish the files.

    On a device that cannot be measured they keep their estimates; the listener gets the reason.
    """
    for device in context.devices:
        _measure(context, device, references, finalists)
    for row in finalists:
        about: dict[str, Any] = {name: row[name] for name in ("metrics", "by_class") if name in row}
        about["device"] = ", ".join(context.spec.device_names)
        annotate(context.store.path / row["file"], about)
        publish(context, row)


def _measure(context: SearchContext, device: SearchDevice, references: list[Row], finalists: list[Row]) -> None:
    machine = device.measurer.device
    files = {row["id"]: (context.store.path / measured_file(machine, row)).read_bytes() for row in finalists}
    subjects = {row["label"]: as_tested(context, row) for row in references} | files
    if not subjects:
        return
    found = context.store.known(f"{LATENCIES}{device.suffix}")
    if found is None or set(found) != set(subjects):
        context.listener.say(f"measuring {counted(len(subjects), 'network')} end to end on {device.name}")
        try:
            _log_predictions(device.measurer, {onnx_signature(files[row["id"]]): row["notation"] for row in finalists})
            with measuring(context.quota, device.measurer):
                records = device.measurer.measure_networks(subjects)
        except NotMeasuredError as error:
            context.listener.say(f"{error}. Finalists keep their estimated latencies")
            return
        suspect = {name: record.reason for name, record in records.items() if record.state is RecordState.SUSPECT}
        context.store.keep(f"{SUSPECT}{device.suffix}", suspect)
        latencies = {name: _latency(record) for name, record in records.items()}
        found = context.store.keep(f"{LATENCIES}{device.suffix}", latencies)
    for name, row in [(row["label"], row) for row in references] + [(row["id"], row) for row in finalists]:
        row["metrics"] |= device.named(found[name])


def _log_predictions(measurer: Measurer, notations: Mapping[Signature, str]) -> None:
    """Log the predicted latencies of files, given their networks' notations, for the device's track record."""
    estimates = measurer.estimator.estimate_many([read_network(notation) for notation in notations.values()])
    log_estimates(measurer.store, measurer.device, dict(zip(notations, estimates, strict=True)))


def _latency(record: Any) -> dict[str, float]:
    return {"latency_ms": record.latency_ms, "latency_p90_ms": record.wall.p90_ms, "latency_error_ms": record.error_ms}
