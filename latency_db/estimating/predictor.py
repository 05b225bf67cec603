"""Latencies of networks on one device, rebuilt from its rows: their kernels, interpolated where they were not measured,
and calibrated by the whole networks that were.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from math import exp, inf
from random import Random

import numpy as np

from latency_db.devices.device import Device
from latency_db.estimating.calibration import Calibration, Predictions
from latency_db.estimating.features import kernel_features
from latency_db.estimating.interpolation import MOST, Interpolation
from latency_db.estimating.kernel_table import Indexed, KernelTable, Share, Sums
from latency_db.records.record import Kind, LatencyRecord, RecordState
from latency_db.records.reference_models import EMPTY_NETWORK, FIXED_KEYS
from latency_db.records.signatures import context_signature, kernel_signatures
from latency_db.storing.consensus_rows import USABLE
from latency_db.storing.store import Store
from nas.errors import NotationError
from nas.ops import Network
from nas.ops.cost import cost_of
from nas.ops.kernels import Kernel, kernels
from nas.ops.notation import read_network

FEWEST = 20
"""Kernels that must be measured before others are interpolated."""

GROWTH = 1.25
"""Interpolation is learned anew from so many times as many kernels: from a few more it would be much the same."""

CALIBRATING = 300
"""Whole networks that are learned from, the newest; reading them all would take long."""

_MB = 1e6


class Predictor:
    """Records are read once and kept; what other processes measure later is found as long as it was missing here.

    networks: the records of whole networks by key.
    """

    def __init__(self, store: Store, device: Device) -> None:
        self._store, self._device = store, device
        self._table = KernelTable()
        self._measured: set[Kernel] = set()
        self._interpolated: set[Kernel] = set()
        self._parts = cache(_parts)
        self._interpolation: Interpolation | None = None
        self._since_fit = 0
        self._calibrations: dict[bool, Calibration] = {}
        self.networks = _standing(store, device)

    def unmeasured(self, wanted: Iterable[Kernel]) -> list[Kernel]:
        """Those of the wanted kernels without a record, each once, in their order."""
        unknown = list(dict.fromkeys(kernel for kernel in wanted if kernel not in self._measured))
        if unknown:
            signatures = {kernel: kernel_signatures(kernel) for kernel in unknown}
            keys = {signature.key for both in signatures.values() for signature in both}
            records = self._store.latest(self._device, Kind.KERNEL, keys)
            for kernel, (own, context) in signatures.items():
                if own.key in records and context.key in records:
                    self._table.put(kernel, _measured(kernel, records[own.key], records[context.key]))
                    self._measured.add(kernel)
                    self._calibrations.clear()
        if EMPTY_NETWORK.key not in self.networks:
            self.networks |= self._store.latest(self._device, Kind.NETWORK, [EMPTY_NETWORK.key])
        return [kernel for kernel in unknown if kernel not in self._measured]

    def reread(self, measured: Iterable[Kernel]) -> None:
        """Take in what was measured of these kernels."""
        before, measured = len(self._measured), list(measured)
        self._measured.difference_update(measured)
        self.unmeasured(measured)
        self._since_fit += len(self._measured) - before
        self._refit_if_grown()

    def suspect(self, wanted: Iterable[Kernel]) -> list[Kernel]:
        """Those of the wanted kernels that were measured, but in no session that was steady."""
        return [kernel for kernel in wanted if kernel in self._measured and self._table.share(kernel).suspect]

    def lacking(self, wanted: Collection[Kernel]) -> list[Kernel]:
        """Those of the wanted kernels that can be answered for by nothing: neither measured nor interpolated.

        All wanted ones, if the fixed cost of a run is not known.
        """
        missing = self.unmeasured(wanted)
        if EMPTY_NETWORK.key not in self.networks:
            return list(wanted)
        return [] if self._interpolate(missing) else missing

    @property
    def interpolates(self) -> bool:
        """Whether enough is measured to answer for any kernel: then none is lacking."""
        if self._interpolation is None:
            self._interpolation = self._fit_interpolation()
        return self._interpolation is not None and EMPTY_NETWORK.key in self.networks

    def index(self, networks: Sequence[Sequence[Kernel]]) -> Indexed:
        """Networks, as their kernels, none of which are lacking."""
        return self._table.index(networks)

    def predict(self, networks: Indexed, *, calibrated: bool = True) -> Predictions:
        """Of indexed networks, as arrays: a million take a second."""
        sums, empty = self.sums(networks), self.networks[EMPTY_NETWORK.key]

        def by(calibration: Calibration) -> Predictions:
            return calibration.predict(sums, empty.latency_ms, empty.error_ms**2)

        if not calibrated:
            return by(Calibration.none())
        found, partly = by(self.calibration()), sums.interpolated_ms > 0
        if not partly.any():
            return found
        other = by(self.calibration(interpolated=True))
        return Predictions(*(np.where(partly, *pair) for pair in zip(other, found, strict=True)))

    def sums(self, networks: Indexed) -> Sums:
        """What the kernels of indexed networks add up to."""
        return self._table.sums(networks)

    def shares(self, wanted: Iterable[Kernel]) -> dict[Kernel, Share]:
        """Of kernels, none of which are lacking."""
        return {kernel: self._table.share(kernel) for kernel in wanted}

    def learn(self, records: Mapping[str, LatencyRecord]) -> None:
        """Take in records of whole networks, by key."""
        self.networks |= records
        self._calibrations.clear()

    def _refit_if_grown(self) -> None:
        """Interpolate anew, when it is needed next, if enough has been measured since."""
        fitted = len(self._interpolation.rows) if self._interpolation else 0
        if self._since_fit >= (GROWTH - 1) * fitted:
            self._interpolation, self._since_fit = None, 0
            self._interpolated.clear()

    def calibration(self, *, interpolated: bool = False) -> Calibration:
        """Of the whole networks whose kernels are all measured; interpolated: also of the others."""
        if interpolated not in self._calibrations:
            self._calibrations[interpolated] = self._calibrate(interpolated=interpolated)
        return self._calibrations[interpolated]

    def _calibrate(self, *, interpolated: bool) -> Calibration:
        if EMPTY_NETWORK.key not in self.networks:
            return Calibration.none()
        whole = self.whole()
        missing = set(self.unmeasured(kernel for parts, _ in whole for kernel in parts))
        if not interpolated or not self._interpolate(list(missing)):
            whole = [(parts, ms) for parts, ms in whole if missing.isdisjoint(parts)]
        sums = self.sums(self.index([parts for parts, _ in whole]))
        return Calibration.fit(sums, np.array([ms for _, ms in whole]), self.fixed_ms)

    def whole(self) -> list[tuple[list[Kernel], float]]:
        """Kernels and latencies of the newest valid records of whole networks."""
        valid = [
            record
            for key, record in self.networks.items()
            if record.state is RecordState.VALID and key not in FIXED_KEYS
        ]
        newest = sorted(valid, key=lambda record: record.session.started_at)[-CALIBRATING:]
        found = ((self._parts(record.signature.key), record.latency_ms) for record in newest)
        return [(parts, ms) for parts, ms in found if parts]

    @property
    def fixed_ms(self) -> float:
        """Of an empty run."""
        return self.networks[EMPTY_NETWORK.key].latency_ms

    def _interpolate(self, missing: Sequence[Kernel]) -> bool:
        """Put interpolated shares of kernels into the table; false if too few others are measured."""
        new = [kernel for kernel in missing if kernel not in self._interpolated]
        if not new:
            return True
        if not self.interpolates or self._interpolation is None:
            return False
        logs, deviations = self._interpolation.predict(kernel_features(new))
        for kernel, log, deviation in zip(new, logs.tolist(), deviations.tolist(), strict=True):
            ms, variance = exp(log), exp(2 * log) * deviation**2
            share = Share(interpolated_ms=ms, interpolated_var=variance, weights_mb=_weights_mb(kernel))
            self._table.put(kernel, share)
        self._interpolated.update(new)
        return True

    def _fit_interpolation(self) -> Interpolation | None:
        """From the device's kernels, MOST of them at random; None if they are fewer than FEWEST."""
        values = self._store.values(self._device, Kind.KERNEL)
        usable = {key: value.ms for key, value in values.items() if value.state in USABLE}
        keys = sorted(usable)
        Random(0).shuffle(keys)
        found: dict[Kernel, float] = {}
        for key in keys:
            kernel = _kernel(key)
            added_ms = usable[key] - usable.get(context_signature(kernel).key, inf) if kernel else 0.0
            if kernel and added_ms > 0:
                found[kernel] = added_ms
            if len(found) == MOST:
                break
        if len(found) < FEWEST:
            return None
        return Interpolation.fit(kernel_features(list(found)), np.log(list(found.values())))


def _standing(store: Store, device: Device) -> dict[str, LatencyRecord]:
    """The newest record of each network, with what stands for it after all its sessions."""
    values = store.values(device, Kind.NETWORK)
    records = store.latest(device, Kind.NETWORK)
    return {
        key: replace(record, latency_ms=values[key].ms) if key in values else record for key, record in records.items()
    }


def _measured(kernel: Kernel, whole: LatencyRecord, context: LatencyRecord) -> Share:
    """Never below zero: the clock's noise must not make a network faster by a kernel."""
    return Share(
        measured_ms=max(whole.latency_ms - context.latency_ms, 0.0),
        repeat_var=whole.error_ms**2 + context.error_ms**2,
        weights_mb=_weights_mb(kernel),
        suspect=sum(record.state is RecordState.SUSPECT for record in (whole, context)),
    )


def _weights_mb(kernel: Kernel) -> float:
    return cost_of(kernel.op, kernel.x)[1].size_bytes / _MB


def _network(key: str) -> Network | None:
    """None for what is no notation: ONNX files, and keys that others have published."""
    try:
        return read_network(key)
    except NotationError:
        return None


def _parts(key: str) -> list[Kernel]:
    network = _network(key)
    return list(kernels(network)) if network else []


def _kernel(key: str) -> Kernel | None:
    run = _network(key)
    return Kernel.of_run(run) if run else None
