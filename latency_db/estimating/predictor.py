"""Prediction of network latencies on one device from its stored records: sums of kernels, measured or else
interpolated, calibrated by the whole networks that were measured.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from math import exp, inf
from random import Random

import numpy as np

from latency_db.devices.device import Device
from latency_db.estimating.calibration import Calibration, Predictions, SessionSpread
from latency_db.estimating.features import kernel_features
from latency_db.estimating.interpolation import MAX_ROWS, GaussianProcess
from latency_db.estimating.kernel_table import IndexedNetworks, KernelLatency, KernelSums, KernelTable
from latency_db.estimating.record_networks import graph_id_of, graph_of, kernels_of, network_of
from latency_db.records.record import Kind, LatencyRecord, RecordState
from latency_db.records.reference_models import EMPTY_NETWORK, FIXED_KEYS
from latency_db.records.signatures import context_signature, kernel_signatures, network_signature
from latency_db.storing.consensus_rows import USABLE
from latency_db.storing.latencies import Latencies
from nas.ops import Network, Shape
from nas.ops.canonical import spellings
from nas.ops.cost import cost_of
from nas.ops.kernels import Kernel

MIN_KERNELS = 20
"""Kernels that must be measured before others are interpolated."""

GROWTH = 1.25
"""The interpolation is fitted again when this many times as many kernels are measured: fewer change it little."""

MAX_CALIBRATING = 300
"""Only this many whole networks, the newest, calibrate: the time to read them grows with their number."""

_MB = 1e6


class Predictor:
    """Reads the records of one device once and keeps them. A record that was missing is looked up again when it is
    needed, so what other processes measure later is found.

    network_records: the records of whole networks by key.
    """

    def __init__(self, store: Latencies, device: Device) -> None:
        self._store, self._device = store, device
        self._table = KernelTable()
        self._measured: set[Kernel] = set()
        self._interpolated: set[Kernel] = set()
        self._kernels_of = cache(kernels_of)
        self._interpolation: GaussianProcess | None = None
        self._measured_since_fit = 0
        self._calibrations: dict[bool, Calibration] = {}
        self._sessions: SessionSpread | None = None
        self._graphs: dict[str, str] = {}
        self._by_graph: dict[str, str] = {}
        self.network_records = _network_records(store, device)

    def unmeasured(self, wanted: Iterable[Kernel]) -> list[Kernel]:
        """Those of the wanted kernels without a record, each once, in their order."""
        unknown = list(dict.fromkeys(kernel for kernel in wanted if kernel not in self._measured))
        if unknown:
            signatures = {kernel: kernel_signatures(kernel) for kernel in unknown}
            keys = {signature.key for both in signatures.values() for signature in both}
            records = self._store.latest(self._device, Kind.KERNEL, keys)
            for kernel, (own, context) in signatures.items():
                if own.key in records and context.key in records:
                    self._put(kernel, records[own.key], records[context.key])
            self._find_spellings([kernel for kernel in unknown if kernel not in self._measured])
        if EMPTY_NETWORK.key not in self.network_records:
            self.network_records |= self._store.latest(self._device, Kind.NETWORK, [EMPTY_NETWORK.key])
        return [kernel for kernel in unknown if kernel not in self._measured]

    def _put(self, kernel: Kernel, whole: LatencyRecord, context: LatencyRecord) -> None:
        self._table.put(kernel, _measured(kernel, whole, context))
        self._measured.add(kernel)
        self._calibrations.clear()

    def _find_spellings(self, missing: Iterable[Kernel]) -> None:
        """Look kernels up that were measured in another notation."""
        ways = {kernel: [Kernel(op, kernel.x) for op in spellings(kernel.op, kernel.x)] for kernel in missing}
        signatures = {way: kernel_signatures(way) for others in ways.values() for way in others}
        if not signatures:
            return
        keys = {signature.key for both in signatures.values() for signature in both}
        records = self._store.latest(self._device, Kind.KERNEL, keys)
        for kernel, others in ways.items():
            for own, context in (signatures[way] for way in others):
                if own.key in records and context.key in records:
                    self._put(kernel, records[own.key], records[context.key])

    def network_record(self, network: Network) -> LatencyRecord | None:
        """The record of a whole network, in whatever notation it was measured; None if there is none."""
        record = self.network_records.get(network_signature(network).key)
        if record is None:
            for key in self.network_records.keys() - self._graphs.keys():
                self._graphs[key] = graph_of(key)
                self._by_graph.setdefault(self._graphs[key], key)
            record = self.network_records.get(self._by_graph.get(graph_id_of(network), ""))
        return record

    def reread(self, measured: Iterable[Kernel]) -> None:
        """Read the records of kernels that were measured, also of those that had one before."""
        before, measured = len(self._measured), list(measured)
        self._measured.difference_update(measured)
        self.unmeasured(measured)
        self._measured_since_fit += len(self._measured) - before
        self._refit_if_grown()

    def suspect_kernels(self, wanted: Iterable[Kernel]) -> list[Kernel]:
        """Those of the wanted kernels that were measured, but in no steady session."""
        return [kernel for kernel in wanted if kernel in self._measured and self._table.latency(kernel).suspect]

    def resolve(self, wanted: Collection[Kernel]) -> list[Kernel]:
        """Look the wanted kernels up, and interpolate the unmeasured ones; returns those that still have no latency.

        None are left if enough kernels are measured to interpolate from, and all if the empty model was not measured.
        """
        missing = self.unmeasured(wanted)
        if EMPTY_NETWORK.key not in self.network_records:
            return list(wanted)
        return [] if self._interpolate(missing) else missing

    @property
    def can_interpolate(self) -> bool:
        """Whether enough is measured to interpolate any kernel."""
        if self._interpolation is None:
            self._interpolation = self._fit_interpolation()
        return self._interpolation is not None and EMPTY_NETWORK.key in self.network_records

    def index(self, networks: Sequence[Sequence[Kernel]]) -> IndexedNetworks:
        """Networks, given as their kernels, as rows of the table; all kernels must be resolved."""
        return self._table.index(networks)

    def predict(self, networks: IndexedNetworks, *, calibrated: bool = True) -> Predictions:
        """Latencies of indexed networks; some 10^6 networks a second."""
        return self.predict_sums(self.sums(networks), calibrated=calibrated)

    def predict_sums(self, sums: KernelSums, *, calibrated: bool = True) -> Predictions:
        """Latencies of networks by the sums over their kernels."""
        empty = self.network_records[EMPTY_NETWORK.key]

        def calibrated_by(calibration: Calibration) -> Predictions:
            return calibration.predict(sums, empty.latency_ms, empty.error_ms**2, self._session_spread())

        if not calibrated:
            return calibrated_by(Calibration.none())
        found, partly = calibrated_by(self.calibration()), sums.interpolated_ms > 0
        if not partly.any():
            return found
        other = calibrated_by(self.calibration(interpolated=True))
        return Predictions(*(np.where(partly, *pair) for pair in zip(other, found, strict=True)))

    def sums(self, networks: IndexedNetworks) -> KernelSums:
        """Sums over the kernels of indexed networks, without the fixed cost of a run."""
        return self._table.sums(networks)

    def latencies(self, wanted: Iterable[Kernel]) -> dict[Kernel, KernelLatency]:
        """The latencies of kernels that are resolved."""
        return {kernel: self._table.latency(kernel) for kernel in wanted}

    def add_networks(self, records: Mapping[str, LatencyRecord]) -> None:
        """Add records of whole networks, by key."""
        self.network_records |= records
        self._calibrations.clear()
        self._sessions = None

    def _refit_if_grown(self) -> None:
        """Have the interpolation fitted again at the next need, if GROWTH is reached."""
        fitted = len(self._interpolation.rows) if self._interpolation else 0
        if self._measured_since_fit >= (GROWTH - 1) * fitted:
            self._interpolation, self._measured_since_fit = None, 0
            self._interpolated.clear()

    def calibration(self, *, interpolated: bool = False) -> Calibration:
        """Calibration by the measured networks whose kernels are all measured; with interpolated, by the others too."""
        if interpolated not in self._calibrations:
            self._calibrations[interpolated] = self._calibrate(interpolated=interpolated)
        return self._calibrations[interpolated]

    def _session_spread(self) -> SessionSpread:
        """How far single sessions are from their consensus, read again when networks were measured."""
        if self._sessions is None:
            self._sessions = SessionSpread.of(self._store.session_deviations(self._device))
        return self._sessions

    def _calibrate(self, *, interpolated: bool) -> Calibration:
        if EMPTY_NETWORK.key not in self.network_records:
            return Calibration.none()
        measured = self.measured_networks()
        missing = set(self.unmeasured(kernel for parts, _ in measured for kernel in parts))
        if not interpolated or not self._interpolate(list(missing)):
            measured = [(parts, ms) for parts, ms in measured if missing.isdisjoint(parts)]
        sums = self.sums(self.index([parts for parts, _ in measured]))
        return Calibration.fit(sums, np.array([ms for _, ms in measured]), self.fixed_ms)

    def measured_whole(self, inputs: Collection[Shape]) -> list[Network]:
        """The networks with a record of their own that take an image of one of these shapes."""
        starts = tuple(f"{x}: " for x in inputs)
        found = (network_of(key) for key in self.network_records if key.startswith(starts))
        return [network for network in found if network]

    def measured_networks(self) -> list[tuple[list[Kernel], float]]:
        """Kernels and milliseconds of the whole networks with a valid record, the newest MAX_CALIBRATING."""
        valid = [
            record
            for key, record in self.network_records.items()
            if record.state is RecordState.VALID and key not in FIXED_KEYS
        ]
        newest = sorted(valid, key=lambda record: record.session.started_at)[-MAX_CALIBRATING:]
        found = ((self._kernels_of(record.signature.key), record.latency_ms) for record in newest)
        return [(parts, ms) for parts, ms in found if parts]

    @property
    def fixed_ms(self) -> float:
        """Fixed cost of a run: the latency of the empty model."""
        return self.network_records[EMPTY_NETWORK.key].latency_ms

    def _interpolate(self, missing: Sequence[Kernel]) -> bool:
        """Put interpolated latencies of kernels into the table; false if too few other kernels are measured."""
        new = [kernel for kernel in missing if kernel not in self._interpolated]
        if not new:
            return True
        if not self.can_interpolate or self._interpolation is None:
            return False
        logs, deviations = self._interpolation.predict(kernel_features(new))
        for kernel, log, deviation in zip(new, logs.tolist(), deviations.tolist(), strict=True):
            ms, variance = exp(log), exp(2 * log) * deviation**2
            latency = KernelLatency(interpolated_ms=ms, interpolated_var_ms2=variance, weights_mb=_weights_mb(kernel))
            self._table.put(kernel, latency)
        self._interpolated.update(new)
        return True

    def _fit_interpolation(self) -> GaussianProcess | None:
        """A process fitted to the log-latencies of at most MAX_ROWS random measured kernels; None for fewer than
        MIN_KERNELS.
        """
        values = self._store.values(self._device, Kind.KERNEL)
        usable = {key: value.ms for key, value in values.items() if value.state in USABLE}
        keys = sorted(usable)
        Random(0).shuffle(keys)
        found: dict[Kernel, float] = {}
        for key in keys:
            run = network_of(key)
            kernel = run and Kernel.of_run(run)
            added_ms = usable[key] - usable.get(context_signature(kernel).key, inf) if kernel else 0.0
            if kernel and added_ms > 0:
                found[kernel] = added_ms
            if len(found) == MAX_ROWS:
                break
        if len(found) < MIN_KERNELS:
            return None
        return GaussianProcess.fit(kernel_features(list(found)), np.log(list(found.values())))


def _network_records(store: Latencies, device: Device) -> dict[str, LatencyRecord]:
    """The newest record of each network by key, with the consensus of all its sessions as its latency."""
    values = store.values(device, Kind.NETWORK)
    records = store.latest(device, Kind.NETWORK)
    return {
        key: replace(record, latency_ms=values[key].ms) if key in values else record for key, record in records.items()
    }


def _measured(kernel: Kernel, whole: LatencyRecord, context: LatencyRecord) -> KernelLatency:
    """The difference of both records, but never below zero: noise must not make a network faster by a kernel."""
    return KernelLatency(
        measured_ms=max(whole.latency_ms - context.latency_ms, 0.0),
        repeat_var_ms2=whole.error_ms**2 + context.error_ms**2,
        weights_mb=_weights_mb(kernel),
        suspect=sum(record.state is RecordState.SUSPECT for record in (whole, context)),
    )


def _weights_mb(kernel: Kernel) -> float:
    return cost_of(kernel.op, kernel.x)[1].size_bytes / _MB
