"""Measuring kernels and whole networks on one device: on this machine, or by the device's agent."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf
from time import monotonic

from latency_db.devices.device import Device
from latency_db.devices.local import is_local
from latency_db.estimating.estimate import Estimate
from latency_db.estimating.estimator import Estimator
from latency_db.measuring.apart import Models, measure_apart
from latency_db.measuring.measure import BATCH, QUICK, THOROUGH, Effort
from latency_db.profiling.survey import kernels_to_measure
from latency_db.records.consensus import consensus_records
from latency_db.records.record import Kind, LatencyRecord, Signature
from latency_db.records.signatures import kernel_signatures, onnx_signature
from latency_db.remote.measure import KERNELS_AT_ONCE, Remote
from latency_db.storing.store import Store, reference_before, refused_kernels
from nas.errors import NotMeasuredError
from nas.ops import Network
from nas.ops.kernels import Kernel, kernels

Progress = Callable[[int, int], None]
"""Called after each batch with the number of models that are done, and of all."""


class Measurer:
    """Measures on one device, on this machine or by the device's agent, and stores the records.

    estimator: answers for the device from the same store; it reads what was measured before a call returns.
    """

    def __init__(self, store: Store, device: Device, *, seed: int = 0) -> None:
        """seed: of the order in which models are measured."""
        self.store, self.device = store, device
        self.estimator = Estimator(store, device)
        self._seed = seed
        self._remote = Remote(store, device)

    @property
    def is_local(self) -> bool:
        """Whether the device is this machine."""
        return is_local(self.device)

    @property
    def can_measure(self) -> bool:
        """Whether anything can be measured on the device: it is this machine, or it has an agent."""
        return self.is_local or self._remote.has_agent

    def check_can_measure(self) -> None:
        """NotMeasuredError, with the remedy, if nothing can be measured on the device."""
        if not self.can_measure:
            device = self.device
            raise NotMeasuredError(
                f"device {device.name!r} is not this machine with {device.runtime} {device.runtime_version}, and has "
                "no agent: measure on that machine, or start `nas agent` there"
            )

    @property
    def batch(self) -> int:
        """Number of kernels that are measured together."""
        return BATCH if self.is_local else KERNELS_AT_ONCE

    def estimate_file(self, model: bytes) -> Estimate:
        """The latency of an ONNX file: measured now, unless it was before. NotMeasuredError if it cannot be."""
        record = self.estimator.predictor.network_records.get(onnx_signature(model).key)
        found = Estimate.of_record(record or self.measure_networks({"file": model})["file"])
        return self.estimator.check(found, "the file")

    def kernels_to_measure(self, network: Network, max_uncertainty: float) -> list[Kernel]:
        """The unmeasured kernels to measure before a network is estimated, as in latency_db.profiling.survey; without
        those that the device refuses.
        """
        return self._not_refused(kernels_to_measure(self.estimator.predictor, network, max_uncertainty))

    def ensure(self, networks: Iterable[Network]) -> int:
        """Measure the unmeasured kernels of networks; returns how many. NotMeasuredError if they cannot be measured."""
        missing = self.estimator.unmeasured(kernel for network in networks for kernel in kernels(network))
        return self.measure_kernels(self._not_refused(missing))

    def measure_kernels(
        self, wanted: Sequence[Kernel], *, budget_s: float = inf, progress: Progress | None = None
    ) -> int:
        """Measure kernels batch by batch, also those that have a record, until budget_s is over; returns how many were
        tried.

        Each batch is stored when it ends, and a batch that has begun is finished. Kernels that the device does not run
        are stored as refused. NotMeasuredError if the device is neither this machine nor has an agent that is there.
        """
        start, done = monotonic(), 0
        while done < len(wanted) and monotonic() - start < budget_s:
            self.check_can_measure()
            batch = wanted[done : done + self.batch]
            signatures = [signature for kernel in batch for signature in kernel_signatures(kernel)]
            if self.is_local:
                self._measure(dict.fromkeys(signatures), QUICK)
            else:
                self._remote.ensure(list(dict.fromkeys(signatures)), QUICK)
            self.estimator.predictor.reread(batch)
            done += len(batch)
            if progress:
                progress(done, len(wanted))
        return done

    def measure_networks(
        self, networks: Mapping[str, Network | bytes], effort: Effort = THOROUGH
    ) -> dict[str, LatencyRecord]:
        """Measure whole networks, or ONNX models, side by side; records by the given names.

        NotMeasuredError if the device is neither this machine nor has an agent that is there, or does not run a model.
        """
        self.check_can_measure()
        signatures = {
            name: onnx_signature(given) if isinstance(given, bytes) else self.estimator.signature(given)
            for name, given in networks.items()
        }
        files = {signatures[name]: given for name, given in networks.items() if isinstance(given, bytes)}
        if self.is_local:
            records = self._measure(dict.fromkeys(signatures.values()) | files, effort)
            for unrun in (signature for signature in signatures.values() if signature not in records):
                reason = self.store.refusals(self.device, unrun.kind)[unrun.key]
                raise NotMeasuredError(f"device {self.device.name!r} does not run '{unrun.key}': {reason}")
        else:
            records = self._remote.measure(set(signatures.values()), effort, files)
        measured = {key.key: record for key, record in records.items() if key.kind is Kind.NETWORK}
        self.estimator.predictor.add_networks(measured)
        return {name: records[signature] for name, signature in signatures.items()}

    def _measure(self, models: Models, effort: Effort) -> dict[Signature, LatencyRecord]:
        """Measure models on this machine and store their records; the record that stands for each."""
        known_ms = reference_before(self.store, self.device)
        refused: dict[Signature, str] = {}
        records = measure_apart(
            models, self.device, effort, seed=self._seed, known_ms=known_ms, on_refused=refused.__setitem__
        )
        self._seed += 1
        self.store.add(records)
        self.store.refuse(self.device, refused)
        return consensus_records(records)

    def _not_refused(self, wanted: Sequence[Kernel]) -> list[Kernel]:
        refused = refused_kernels(self.store, self.device, wanted)
        return [kernel for kernel in wanted if kernel not in refused]
