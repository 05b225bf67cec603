"""Estimates: the latency of a network on a device from what was measured there.

t = c0 + sum of max(kernel in its context - context, 0) * exp(residual): both contain the fixed cost c0 of a run, which
is that of the empty model, and which the network pays once. latency_db.estimating.calibration finds the residual.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property
from math import inf, isnan
from time import monotonic
from typing import Any

from latency_db.devices.device import Device
from latency_db.devices.local import is_local
from latency_db.estimating.calibration import Predictions
from latency_db.estimating.few_shot import MOST_UNSURE, FewShot, devices_with_tables
from latency_db.estimating.kernel_table import Indexed
from latency_db.estimating.predictor import Predictor
from latency_db.measuring.measure import BATCH, QUICK, THOROUGH, Settings, measure
from latency_db.profiling.survey import decisive
from latency_db.records.consensus import standing
from latency_db.records.record import Kind, LatencyRecord, RecordState, Signature
from latency_db.records.signatures import (
    kernel_models,
    kernel_signatures,
    network_model,
    network_signature,
    onnx_signature,
)
from latency_db.remote.measure import ASKED, Remote
from latency_db.storing.refused_kernels import refused_kernels
from latency_db.storing.store import Store, reference_before
from nas.errors import NotMeasuredError
from nas.ops import Network
from nas.ops.kernels import Kernel, kernels
from nas.ops.notation import write_network

Progress = Callable[[int, int], None]
"""Told after each batch how many of how many kernels are measured."""


class Source(StrEnum):
    """measured: the network itself, end to end. summed: its kernels, one by one. interpolated: so too, some of which
    were not measured themselves. transferred: a few other networks, and what other devices say of them and of this one.
    """

    MEASURED = "measured"
    SUMMED = "summed"
    INTERPOLATED = "interpolated"
    TRANSFERRED = "transferred"


@dataclass(frozen=True, slots=True)
class Estimate:
    """Latency of one run at batch 1.

    Nine networks in ten lie between low_ms and high_ms when they are measured end to end. measured, interpolated and
    learned add up to 1: how much of the latency rests on what was measured, on kernels interpolated between others, and
    on what whole networks taught. error_ms says how well the measurements repeat, root of summed squares over the
    parts. kernels: how many parts were summed; suspect: how many records came from an unsteady session.
    """

    ms: float
    low_ms: float
    high_ms: float
    error_ms: float
    source: Source
    measured: float = 1.0
    interpolated: float = 0.0
    learned: float = 0.0
    kernels: int = 0
    suspect: int = 0

    def plain(self) -> dict[str, Any]:
        """The fields as JSON values: null for what is not known."""
        return {name: None if isinstance(v, float) and isnan(v) else v for name, v in asdict(self).items()}


class Estimator:
    """Answers for one device from the records of a store, and measures what is missing: here, or by the device's agent.

    Records are read once and kept: what other processes measure later is found as long as it was missing here.
    """

    def __init__(self, store: Store, device: Device, *, seed: int = 0) -> None:
        self.store = store
        self.device = device
        self._seed = seed
        self.predictor = Predictor(store, device)
        self._few_shots: dict[int, FewShot | None] = {}
        self._remote = Remote(store, device)

    @property
    def is_local(self) -> bool:
        """Whether the device is this machine."""
        return is_local(self.device)

    @property
    def can_measure(self) -> bool:
        """Whether missing kernels can be measured: here, or by an agent."""
        return self.is_local or self._has_agent

    @property
    def batch(self) -> int:
        """Kernels that are measured together."""
        return BATCH if self.is_local else ASKED

    @cached_property
    def _has_agent(self) -> bool:
        return self._remote.has_agent

    def estimate(self, network: Network) -> Estimate:
        """The network's own record if there is one, or else the calibrated sum of its kernels.

        Kernels that were not measured are interpolated from others; if those are too few, what is known of other
        devices is transferred by the whole networks that were measured on this one. NotMeasuredError, with the remedy,
        if there are neither, or if the device does not run it. It is never silently zero.
        """
        return self.estimate_many([network])[0]

    def estimate_many(self, networks: Sequence[Network]) -> list[Estimate]:
        """The same of many networks, in one pass."""
        records = [self.predictor.networks.get(network_signature(network).key) for network in networks]
        found = self._foretold([n for n, record in zip(networks, records, strict=True) if record is None])
        return [next(found) if record is None else _end_to_end(record) for record in records]

    def estimate_file(self, model: bytes) -> Estimate:
        """Of an ONNX file: its record, or else it is measured now. NotMeasuredError if it cannot be."""
        record = self.predictor.networks.get(onnx_signature(model).key)
        return _end_to_end(record or self.measure_networks({"file": model})["file"])

    def index(self, networks: Sequence[Network]) -> Indexed:
        """Networks as rows of the table of their kernels, for `predict`. NotMeasuredError as in `estimate`."""
        parts, lacking = self._parts(networks)
        if lacking:
            raise self._not_measured(lacking)
        return self.predictor.index(parts)

    def _parts(self, networks: Sequence[Network]) -> tuple[list[list[Kernel]], list[Kernel]]:
        """Networks as their kernels, and those of them that lack. NotMeasuredError if the device does not run one."""
        parts = [list(kernels(network)) for network in networks]
        wanted = [kernel for network in parts for kernel in network]
        refused = refused_kernels(self.store, self.device, self.unmeasured(wanted))
        if refused:
            raise self._not_measured(list(refused))
        return parts, self.predictor.lacking(wanted) if networks else []

    def predict(self, networks: Indexed, *, calibrated: bool = True) -> Predictions:
        """The sums of indexed networks, as arrays. Records of whole networks only calibrate them."""
        return self.predictor.predict(networks, calibrated=calibrated)

    def calibrating(self) -> int:
        """How many whole networks the estimates are calibrated by."""
        return self.predictor.calibration().networks

    def is_measured(self, network: Network) -> bool:
        """Whether there is a record of the whole network."""
        return network_signature(network).key in self.predictor.networks

    def _foretold(self, networks: Sequence[Network]) -> Iterator[Estimate]:
        """Of networks without a record."""
        if not networks:
            return
        parts, lacking = self._parts(networks)
        few_shot = self._few_shot() if lacking else None
        if few_shot:
            for network, row in zip(networks, few_shot.predict(parts).rows(), strict=True):
                if not row.high_ms <= MOST_UNSURE * row.low_ms < inf:
                    raise self._too_unlike(network)
                yield Estimate(*row[:4], Source.TRANSFERRED, *row[4:])
            return
        if lacking:
            raise self._not_measured(lacking)
        indexed = self.predictor.index(parts)
        suspects = self.predictor.sums(indexed).suspect.tolist()
        for row, kernel_list, suspect in zip(self.predict(indexed).rows(), parts, suspects, strict=True):
            source = Source.INTERPOLATED if row.interpolated else Source.SUMMED
            yield Estimate(*row[:4], source, *row[4:], len(kernel_list), int(suspect))

    def _few_shot(self) -> FewShot | None:
        """Fitted anew when more whole networks are known."""
        measured = self.predictor.whole()
        if len(measured) not in self._few_shots:
            known = list(devices_with_tables(self.store, self.device))
            self._few_shots[len(measured)] = FewShot.fit(measured, known)
        return self._few_shots[len(measured)]

    def unmeasured(self, wanted: Iterable[Kernel]) -> list[Kernel]:
        """Those of the wanted kernels without a record, each once, in their order."""
        return self.predictor.unmeasured(wanted)

    def ensure(self, networks: Iterable[Network]) -> int:
        """Measure the kernels that the networks lack; returns how many. NotMeasuredError if they cannot be measured."""
        missing = self.unmeasured(kernel for network in networks for kernel in kernels(network))
        refused = refused_kernels(self.store, self.device, missing)
        return self.measure_kernels([kernel for kernel in missing if kernel not in refused])

    def decisive(self, network: Network, unsure: float) -> list[Kernel]:
        """The kernels to measure for an estimate that is unsure, by what lacks, by no more than this share of it."""
        wanted = decisive(self.predictor, network, unsure)
        refused = refused_kernels(self.store, self.device, wanted)
        return [kernel for kernel in wanted if kernel not in refused]

    def refused(self, network: Network) -> dict[Kernel, str]:
        """The kernels for which the device does not run the network, with the reasons."""
        return refused_kernels(self.store, self.device, self.unmeasured(kernels(network)))

    def measure_kernels(
        self, wanted: Sequence[Kernel], *, budget_s: float = inf, progress: Progress | None = None
    ) -> int:
        """Measure kernels, again if need be, storing them batch by batch, until the time is over; returns how many were
        tried.

        A batch that has begun is finished. What the device does not run is kept as refused. NotMeasuredError if the
        device is not this machine, and has no agent or one that is away.
        """
        start, done = monotonic(), 0
        while done < len(wanted) and monotonic() - start < budget_s:
            if not self.can_measure:
                raise self._not_measured(wanted)
            batch = wanted[done : done + self.batch]
            if self.is_local:
                self._measure(kernel_models(batch), QUICK)
            else:
                self._remote.ensure(list(dict.fromkeys(s for k in batch for s in kernel_signatures(k))), QUICK)
            self.predictor.reread(batch)
            done += len(batch)
            if progress:
                progress(done, len(wanted))
        return done

    def measure_networks(
        self, networks: Mapping[str, Network | bytes], settings: Settings = THOROUGH
    ) -> dict[str, LatencyRecord]:
        """Measure whole networks, or ONNX models, side by side; records by the given names.

        NotMeasuredError if the device is not this machine, and has no agent or one that is away.
        """
        if not self.can_measure:
            raise NotMeasuredError(
                f"device {self.device.name!r} is not this machine (or its runtime was another version): measure there"
            )
        signatures = {
            name: onnx_signature(given) if isinstance(given, bytes) else network_signature(given)
            for name, given in networks.items()
        }
        files = {signatures[name]: given for name, given in networks.items() if isinstance(given, bytes)}
        if self.is_local:
            built = {signatures[name]: network_model(n) for name, n in networks.items() if not isinstance(n, bytes)}
            records = self._measure(files | built, settings)
            for unrun in (signature for signature in signatures.values() if signature not in records):
                reason = self.store.refusals(self.device, unrun.kind)[unrun.key]
                raise NotMeasuredError(f"device {self.device.name!r} does not run '{unrun.key}': {reason}")
        else:
            records = self._remote.measure(set(signatures.values()), settings, files)
        self.predictor.learn({key.key: record for key, record in records.items() if key.kind is Kind.NETWORK})
        return {name: records[signature] for name, signature in signatures.items()}

    def _measure(self, models: Mapping[Signature, bytes], settings: Settings) -> dict[Signature, LatencyRecord]:
        known_ms = reference_before(self.store, self.device)
        refused: dict[Signature, str] = {}
        told = refused.__setitem__
        records = measure(models, self.device, settings, seed=self._seed, known_ms=known_ms, refused=told)
        self._seed += 1
        self.store.add(records)
        self.store.refuse(self.device, refused)
        return standing(records)

    def _too_unlike(self, network: Network) -> NotMeasuredError:
        name, measured = self.device.name, len(self.predictor.whole())
        return NotMeasuredError(
            f"device {name!r}: '{write_network(network)[:80]}' is too unlike the {measured} networks measured "
            f"there: measure its kernels, or networks like it, with `nas device measure {name}`"
        )

    def _not_measured(self, missing: Sequence[Kernel]) -> NotMeasuredError:
        for kernel, reason in refused_kernels(self.store, self.device, missing).items():
            return NotMeasuredError(f"device {self.device.name!r} does not run '{kernel.key}': {reason}")
        remedy = (
            "measure them with"
            if self.can_measure
            else f"the device is not this machine with {self.device.runtime} {self.device.runtime_version}: there, run"
        )
        return NotMeasuredError(
            f"device {self.device.name!r} lacks {len(missing)} kernels, such as '{missing[0].key}'; "
            f"{remedy} `nas device measure {self.device.name} --space SPACE`"
        )


def _end_to_end(record: LatencyRecord) -> Estimate:
    """Between the second best round and as much below the best; a single round says nothing about its error."""
    ms, error = record.latency_ms, record.error_ms
    suspect = int(record.state is RecordState.SUSPECT)
    return Estimate(ms, ms - error, ms + error, error, Source.MEASURED, suspect=suspect)
