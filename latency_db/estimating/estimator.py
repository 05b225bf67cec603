"""Estimates: the latency of a network on a device from what was measured there.

t = c0 + sum of max(kernel in its context - context, 0) * exp(residual): both contain the fixed cost c0 of a run, which
is that of the empty model, and which the network pays once. latency_db.estimating.calibration finds the residual.
"""

from collections.abc import Iterable, Iterator, Sequence
from math import inf

from latency_db.devices.device import Device
from latency_db.devices.local import is_local
from latency_db.estimating.calibration import Predictions
from latency_db.estimating.estimate import Estimate, Source
from latency_db.estimating.few_shot import MOST_UNSURE, FewShot, devices_with_tables
from latency_db.estimating.kernel_table import Indexed
from latency_db.estimating.predictor import Predictor
from latency_db.records.signatures import network_signature
from latency_db.storing.store import Store, refused_kernels
from nas.errors import NotMeasuredError
from nas.ops import Network
from nas.ops.kernels import Kernel, kernels
from nas.ops.notation import write_network


class Estimator:
    """Answers for one device from the records of a store. It measures nothing.

    Records are read once and kept: what other processes measure later is found as long as it was missing here.
    """

    def __init__(self, store: Store, device: Device) -> None:
        self.store = store
        self.device = device
        self.predictor = Predictor(store, device)
        self._few_shots: dict[int, FewShot | None] = {}

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
        return [next(found) if record is None else Estimate.of_record(record) for record in records]

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

    def refused(self, network: Network) -> dict[Kernel, str]:
        """The kernels for which the device does not run the network, with the reasons."""
        return refused_kernels(self.store, self.device, self.unmeasured(kernels(network)))

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
            if is_local(self.device)
            else f"the device is not this machine with {self.device.runtime} {self.device.runtime_version}: there, or "
            "here if its `nas agent` runs, use"
        )
        return NotMeasuredError(
            f"device {self.device.name!r} lacks {len(missing)} kernels, such as '{missing[0].key}'; "
            f"{remedy} `nas device measure {self.device.name} --space SPACE`"
        )
