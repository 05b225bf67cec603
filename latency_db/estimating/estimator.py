"""Estimates of the latency of networks on one device, from the records of a store or a frozen copy of them.

    latency = latency of the empty model + sum over kernels of max(kernel in context - context, 0) * exp(residual)

Both measurements of a kernel contain the fixed cost of a run, which is the latency of the empty model; the network pays
it once. The residual is that of latency_db.estimating.calibration.
"""

from collections.abc import Iterable, Iterator, Sequence

from latency_db.devices.device import Device
from latency_db.devices.local import is_local
from latency_db.estimating.calibration import Predictions, one_by_one
from latency_db.estimating.estimate import Estimate, Source
from latency_db.estimating.few_shot import FewShotModel, predictors_with_tables
from latency_db.estimating.kernel_table import IndexedNetworks
from latency_db.estimating.predictor import Predictor
from latency_db.records.record import Signature
from latency_db.records.signatures import network_signature
from latency_db.storing.latencies import Latencies
from latency_db.storing.store import refused_kernels
from nas.errors import NotMeasuredError
from nas.ops import Network
from nas.ops.kernels import Kernel, kernels
from nas.ops.notation import write_network


class Estimator:
    """Answers for one device from the records of a store. It measures nothing.

    Records are read once and kept. A record that was missing is looked up again when it is needed, so what other
    processes measure later is found.
    """

    def __init__(self, store: Latencies, device: Device) -> None:
        self.store = store
        self.device = device
        self.predictor = Predictor(store, device)
        self._few_shots: dict[int, FewShotModel | None] = {}

    def estimate(self, network: Network) -> Estimate:
        """The latency of a network: that of its own record, or else the calibrated sum of its kernels.

        Unmeasured kernels are interpolated from measured ones. If these are too few, the latency is predicted from the
        whole networks that were measured on the device, and from other devices. NotMeasuredError, with the remedy, if
        these are too few as well, if the interval is too wide (Estimate.is_too_wide), or if the device does not run the
        network.
        """
        return self.estimate_many([network])[0]

    def estimate_many(self, networks: Sequence[Network]) -> list[Estimate]:
        """The latencies of many networks in one pass; see `estimate`."""
        records = [self.predictor.network_record(network) for network in networks]
        found = self._estimate_by_kernels([n for n, record in zip(networks, records, strict=True) if record is None])
        estimates = [next(found) if record is None else Estimate.of_record(record) for record in records]
        for network, estimate in zip(networks, estimates, strict=True):
            self.check(estimate, write_network(network))
        return estimates

    def check(self, found: Estimate, what: str) -> Estimate:
        """The estimate. NotMeasuredError, with the remedy, if its interval is too wide; what: the network, in words."""
        if not found.is_too_wide:
            return found
        name, measured = self.device.name, len(self.predictor.measured_networks())
        between = f"between {found.low_ms:.3g} and {found.high_ms:.3g} ms"
        why, remedy = {
            Source.MEASURED: (
                f"is {between} by its measurements",
                f"measure it again while nothing else runs on {name}",
            ),
            Source.SUMMED: (
                f"is {between} by its kernels and {measured} measured networks",
                f"measure networks like it with `nas device measure {name} --space SPACE --calibrate 20`",
            ),
            Source.INTERPOLATED: (
                f"is {between}, as {found.measured:.1%} of it is measured",
                f"measure more kernels with `nas device measure {name} --space SPACE`",
            ),
            Source.TRANSFERRED: (
                f"is too unlike the {measured} networks measured there",
                f"measure its kernels, or networks like it, with `nas device measure {name}`",
            ),
        }[found.source]
        raise NotMeasuredError(f"device {name!r}: '{what[:80]}' {why}: {remedy}")

    def index(self, networks: Sequence[Network]) -> IndexedNetworks:
        """Networks as rows of the table of kernels, for `predict`. NotMeasuredError as in `estimate`."""
        parts, missing = self._resolve_kernels(networks)
        if missing:
            raise self._not_measured(missing)
        return self.predictor.index(parts)

    def predict(self, networks: IndexedNetworks, *, calibrated: bool = True) -> Predictions:
        """Latencies of indexed networks as arrays [networks]. Records of whole networks only calibrate them."""
        return self.predictor.predict(networks, calibrated=calibrated)

    def few_shot(self) -> FewShotModel | None:
        """The few-shot model of the device, which is fitted again when more whole networks are measured; None if these
        are too few.
        """
        measured = self.predictor.measured_networks()
        if len(measured) not in self._few_shots:
            known = list(predictors_with_tables(self.store, self.device))
            self._few_shots[len(measured)] = FewShotModel.fit(measured, known)
        return self._few_shots[len(measured)]

    def calibrating(self) -> int:
        """How many whole networks the estimates are calibrated by."""
        return self.predictor.calibration().networks

    def is_measured(self, network: Network) -> bool:
        """Whether there is a record of the whole network."""
        return self.predictor.network_record(network) is not None

    def signature(self, network: Network) -> Signature:
        """The signature that a network's records have: in the notation in which it was measured first, if it was."""
        record = self.predictor.network_record(network)
        return record.signature if record else network_signature(network)

    def unmeasured(self, wanted: Iterable[Kernel]) -> list[Kernel]:
        """Those of the wanted kernels without a record, each once, in their order."""
        return self.predictor.unmeasured(wanted)

    def refused(self, network: Network) -> dict[Kernel, str]:
        """The kernels of a network that the device does not run, with the reasons."""
        return self.refused_of(kernels(network))

    def refused_of(self, wanted: Iterable[Kernel]) -> dict[Kernel, str]:
        """Those of the wanted kernels that the device does not run, with the reasons."""
        return refused_kernels(self.store, self.device, self.unmeasured(wanted))

    def _resolve_kernels(self, networks: Sequence[Network]) -> tuple[list[list[Kernel]], list[Kernel]]:
        """Networks as their kernels, and those of these that are neither measured nor interpolated. NotMeasuredError if
        the device does not run one.
        """
        parts = [list(kernels(network)) for network in networks]
        wanted = [kernel for network in parts for kernel in network]
        refused = self.refused_of(wanted)
        if refused:
            raise self._not_measured(list(refused))
        return parts, self.predictor.resolve(wanted) if networks else []

    def _estimate_by_kernels(self, networks: Sequence[Network]) -> Iterator[Estimate]:
        """Estimates of networks that have no record of their own."""
        if not networks:
            return
        parts, missing = self._resolve_kernels(networks)
        few_shot = self.few_shot() if missing else None
        if few_shot:
            for row in one_by_one(few_shot.predict(parts)):
                yield Estimate(*row[:4], Source.TRANSFERRED, *row[4:])
            return
        if missing:
            raise self._not_measured(missing)
        indexed = self.predictor.index(parts)
        suspects = self.predictor.sums(indexed).suspect.tolist()
        for row, kernel_list, suspect in zip(one_by_one(self.predict(indexed)), parts, suspects, strict=True):
            source = Source.INTERPOLATED if row.interpolated else Source.SUMMED
            yield Estimate(*row[:4], source, *row[4:], len(kernel_list), int(suspect))

    def _not_measured(self, missing: Sequence[Kernel]) -> NotMeasuredError:
        device = self.device
        for kernel, reason in refused_kernels(self.store, device, missing).items():
            return NotMeasuredError(f"device {device.name!r} does not run '{kernel.key}': {reason}")
        remedy = (
            "measure them with"
            if is_local(device)
            else f"the device is not this machine with {device.runtime} {device.runtime_version}: there, or here if it "
            "has an agent, use"
        )
        return NotMeasuredError(
            f"device {device.name!r}: {len(missing)} kernels are not measured, such as '{missing[0].key}'; "
            f"{remedy} `nas device measure {device.name} --space SPACE`"
        )
