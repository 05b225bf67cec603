"""Why a finalist's measured latency is far from its estimate: the note that stands beside both."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nas.ops.notation import read_network
from nas.quantities import milliseconds, number, percent, signed_percent
from nas.trial import Metrics, Trial, unheard
from workers.executing.executor import WorkerDiedError
from workers.searching.context import SearchContext, SearchDevice
from workers.searching.finalists.end_to_end import SUSPECT
from workers.searching.finalists.files import measured_file, network_file, takes_pictures
from workers.tasks.subnormals import Subnormals, count_subnormals

Row = dict[str, Any]

NOTES = "latency-notes"

FAR = 0.2
"""A measured latency that differs by more than this share of its estimate gets a note."""

FEW_SUBNORMALS = 1e-3
"""Up to this share subnormal numbers are no reason: each takes a hundred times as long, which adds 10 % at most."""

FEW_UNMEASURED = 0.01
"""Up to this share of an estimate, kernels that were not measured are no reason."""

NO_REASON = (
    "no reason was found, as the measurement is valid and all kernels were measured; `nas latency validate` shows how "
    "well sums of kernels do on this device"
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a latency that is far from its estimate.

    estimate: the trial's metrics. suspect: why the measurement is suspect. suspect_kernels: how many records of its
    kernels are. subnormals: of the file, if they were counted. prepares: whether the measured file also prepares
    pictures.
    """

    measured_ms: float
    estimate: Metrics
    suspect: str | None = None
    suspect_kernels: int = 0
    subnormals: Subnormals | None = None
    prepares: bool = False


def add_latency_notes(context: SearchContext, trials: Mapping[int, Trial], finalists: list[Row]) -> None:
    """Give each finalist `latency_note`: the reasons found if its measured latency is far from the estimate, else None.

    With several devices each sentence begins with the device that it is of. The notes are kept; the listener gets new
    ones.
    """
    for row in finalists:
        row["latency_note"] = None
    for device in context.devices:
        known: dict[str, str | None] = context.store.known(f"{NOTES}{device.suffix}") or {}
        for row in finalists:
            if row["id"] not in known and f"latency_ms{device.suffix}" in row["metrics"]:
                known[row["id"]] = note = _note(context, device, row, trials[row["trial"]].metrics)
                if note:
                    context.listener.say(f"finalist {row['id']}: {note}")
            row["latency_note"] = " ".join(filter(None, [row["latency_note"], known.get(row["id"])])) or None
        context.store.keep(f"{NOTES}{device.suffix}", known)


def _note(context: SearchContext, device: SearchDevice, row: Row, metrics: Metrics) -> str | None:
    """metrics: of the trial."""
    measured, estimated = (row["metrics"][f"{name}{device.suffix}"] for name in ("latency_ms", "estimated_latency_ms"))
    off = measured / estimated - 1
    if abs(off) <= FAR:
        return None
    evidence = Evidence(
        measured,
        device.of_device(metrics),
        suspect=(context.store.known(f"{SUSPECT}{device.suffix}") or {}).get(row["id"]),
        suspect_kernels=device.measurer.estimator.estimate(read_network(row["notation"])).suspect,
        subnormals=_subnormals(context, row) if off > 0 else None,
        prepares=off > 0 and takes_pictures(measured_file(device.measurer.device, row)),
    )
    found = "; ".join(reasons(evidence))
    where = f"{device.name}: the" if len(context.devices) > 1 else "The"
    return f"{where} measured latency is {signed_percent(off)} from its estimate of {milliseconds(estimated)}: {found}."


def reasons(evidence: Evidence) -> list[str]:
    """Reasons why a latency may be far from its estimate, or NO_REASON."""
    return [*_measuring(evidence), *_estimating(evidence)] or [NO_REASON]


def _measuring(evidence: Evidence) -> Iterator[str]:
    if evidence.suspect:
        yield f"the measurement is suspect ({evidence.suspect}); measure the file again on a quiet machine"
    slow = evidence.subnormals
    if slow and max(slow.weights, slow.activations) > FEW_SUBNORMALS:
        yield (
            f"{percent(slow.weights)} of its weights and {percent(slow.activations)} of the numbers between its layers "
            "are subnormal, in which processors compute more slowly"
        )
    if evidence.prepares:
        yield "the file also cuts, resizes and normalises the picture, which the estimate leaves out"


def _estimating(evidence: Evidence) -> Iterator[str]:
    estimate = evidence.estimate
    learned = number(estimate, "latency_learned") or 0.0
    unmeasured = 1.0 - learned - (number(estimate, "latency_measured") or 0.0)
    if evidence.suspect_kernels:
        yield f"{evidence.suspect_kernels} measurements of its kernels are suspect"
    if learned > FEW_UNMEASURED:
        yield f"{percent(learned, 0)} of the estimate was learned from other devices"
    if unmeasured > FEW_UNMEASURED:
        yield f"{percent(unmeasured, 0)} of the estimate is of kernels that were never measured"
    low, high = number(estimate, "latency_low_ms"), number(estimate, "latency_high_ms")
    if low is not None and high is not None and low <= evidence.measured_ms <= high:
        yield f"the estimate was as uncertain as this, from {milliseconds(low)} to {milliseconds(high)}"


def _subnormals(context: SearchContext, row: Row) -> Subnormals | None:
    """The subnormal numbers of a finalist's file; None if they cannot be counted, which the listener is told."""
    model = (context.store.path / network_file(row["id"])).read_bytes()
    try:
        found: Subnormals = context.submit(count_subnormals, model, report=unheard).result()
    except WorkerDiedError as error:
        context.listener.say(f"finalist {row['id']}: its subnormal numbers cannot be counted: {error}")
        return None
    return found
