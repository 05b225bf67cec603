"""Latency records that were never measured, of a device that is not this machine."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random
from uuid import uuid4

from latency_db.devices.device import Device
from latency_db.records.record import (
    Kind,
    LatencyRecord,
    MeasurementSession,
    RecordState,
    Signature,
    Statistic,
    Statistics,
)
from latency_db.records.reference_models import EMPTY_KERNEL, EMPTY_NETWORK
from latency_db.records.signatures import context_signature, kernel_signature
from nas.ops.cost import network_cost
from nas.ops.kernels import kernels


@dataclass(frozen=True)
class Elsewhere:
    """A device far away, and records of it."""

    device: Device
    session: MeasurementSession

    def record(self, key, latency_ms, *, kind=Kind.KERNEL, state=RecordState.VALID):
        session = replace(
            self.session, uid=uuid4().hex, state=state, reason=None if state is RecordState.VALID else "drifted"
        )
        rounds = (latency_ms * 1.5, latency_ms, latency_ms + 0.001)
        return LatencyRecord(
            signature=Signature(key, kind),
            session=session,
            statistic=Statistic.CPU_P10_BEST,
            latency_ms=latency_ms,
            rounds_ms=rounds,
            wall=Statistics.of(rounds),
            cpu=Statistics.of(rounds),
            state=session.state,
            reason=session.reason,
        )

    def empties(self):
        """What each session brings along: the empty model as a kernel and as a network."""
        return [self.record(EMPTY_KERNEL.key, 0.002), self.record(EMPTY_NETWORK.key, 0.005, kind=Kind.NETWORK)]


def pocket():
    """A device that is not this machine."""
    machine = {"cpu": "Pocket", "cores": "4", "os": "Linux aarch64"}
    device = Device(
        "pocket", "onnxruntime_cpu", "fp32", 1, {**machine, "runtime": "onnxruntime_cpu", "runtime_version": "1.23.0"}
    )
    session = MeasurementSession(
        device=device,
        started_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        harness="1",
        environment={"before": {"load_1min": 0.1}},
        empty_ms=0.002,
        reference_ms=0.05,
        reference_drift=0.01,
    )
    return Elsewhere(device, session)


def tablet():
    """Another device that is not this machine."""
    here = pocket()
    device = replace(here.device, name="tablet", fingerprint={**here.device.fingerprint, "cpu": "Tablet"})
    return Elsewhere(device, replace(here.session, device=device))


def table(elsewhere, networks, share=1.0, mac_ms=1e-7):
    """Records of a share of the kernels, on a device that computes a multiply-add in so many milliseconds."""
    all_kernels = list(dict.fromkeys(kernel for network in networks for kernel in kernels(network)))
    records = elsewhere.empties()
    contexts = {context_signature(kernel).key: kernel.context() for kernel in all_kernels}
    for key, network in contexts.items():
        if all(record.signature.key != key for record in records):
            records.append(elsewhere.record(key, 0.01 + network_cost(network).macs * mac_ms))
    for kernel in Random(1).sample(all_kernels, round(share * len(all_kernels))):
        ms = 0.02 + network_cost(kernel.in_context()).macs * mac_ms
        records.append(elsewhere.record(kernel_signature(kernel).key, ms))
    return records
