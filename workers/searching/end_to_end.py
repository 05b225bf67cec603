"""The end of a search: references and finalists are measured side by side, and the files are published."""

from collections.abc import Mapping
from typing import Any

from latency_db.records.record import RecordState, Signature
from latency_db.records.signatures import onnx_signature
from latency_db.validating.validation import log_estimates
from nas.errors import NotMeasuredError
from nas.metadata import annotate
from nas.ops.notation import read_network
from workers.searching.context import SearchContext, measuring
from workers.searching.finalist_files import measured_file, publish
from workers.searching.references import as_tested

Row = dict[str, Any]


def measure_end_to_end(context: SearchContext, references: list[Row], finalists: list[Row]) -> None:
    """Measure references and finalists together on the device, add the latencies to rows and files; publish the files.

    If the device cannot be measured they keep their estimates; the listener gets the reason.
    """
    files = {row["id"]: (context.store.path / measured_file(context, row)).read_bytes() for row in finalists}
    subjects = {row["label"]: as_tested(context, row) for row in references} | files
    found = context.store.known("latencies")
    if found is None or set(found) != set(subjects):
        context.listener.say(f"measuring {len(subjects)} networks end to end on {context.spec.device}")
        try:
            _log_predictions(context, {onnx_signature(files[row["id"]]): row["notation"] for row in finalists})
            with measuring(context.quota, context.measurer):
                records = context.measurer.measure_networks(subjects)
        except NotMeasuredError as error:
            context.listener.say(f"{error}. Finalists keep their estimated latencies")
            _publish(context, finalists)
            return
        suspect = {name: record.reason for name, record in records.items() if record.state is RecordState.SUSPECT}
        context.store.keep("suspect-latencies", suspect)
        found = context.store.keep("latencies", {name: _latency(record) for name, record in records.items()})
    for row in references:
        row["metrics"] |= found[row["label"]]
    for row in finalists:
        row["metrics"] |= found[row["id"]]
    _publish(context, finalists)


def _log_predictions(context: SearchContext, notations: Mapping[Signature, str]) -> None:
    """Log the predicted latencies of files, given their networks' notations, for the device's track record."""
    measurer = context.measurer
    estimates = measurer.estimator.estimate_many([read_network(notation) for notation in notations.values()])
    log_estimates(measurer.store, measurer.device, dict(zip(notations, estimates, strict=True)))


def _publish(context: SearchContext, finalists: list[Row]) -> None:
    for row in finalists:
        annotate(context.store.path / row["file"], {"metrics": row["metrics"], "device": context.spec.device})
        publish(context, row)


def _latency(record: Any) -> dict[str, float]:
    return {"latency_ms": record.latency_ms, "latency_p90_ms": record.wall.p90_ms, "latency_error_ms": record.error_ms}
