"""Estimates: the latency of a network on a device from what was measured there.

t = c0 + sum of max(kernel in its context - context, 0): both contain the fixed cost c0 of a run, which is that of the
empty model, and which the network pays once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from math import hypot, inf
from time import monotonic

from latency_db.device import Device, is_local
from latency_db.fixed import EMPTY_NETWORK
from latency_db.measure import BATCH, QUICK, THOROUGH, Settings, measure
from latency_db.models import (
    kernel_models,
    kernel_signatures,
    network_model,
    network_signature,
    onnx_signature,
)
from latency_db.records import Kind, LatencyRecord, RecordState, Signature
from latency_db.reference import standing
from latency_db.remote import ASKED, Remote
from latency_db.store import Store, reference_before
from nas.errors import NotMeasuredError
from nas.ops import Network
from nas.ops.kernels import Kernel, kernels

Progress = Callable[[int, int], None]
"""Told after each batch how many of how many kernels are measured."""


class Source(StrEnum):
    """measured: the network itself, end to end. summed: its kernels, one by one."""

    MEASURED = "measured"
    SUMMED = "summed"


@dataclass(frozen=True, slots=True)
class Estimate:
    """Latency of one run at batch 1.

    error_ms says how well the measurements repeat, root of summed squares over the parts; what summing itself misses
    is not in it. kernels: how many parts were summed; suspect: how many records came from an unsteady session.
    """

    ms: float
    error_ms: float
    source: Source
    kernels: int
    suspect: int


class Estimator:
    """Answers for one device from the records of a store, and measures what is missing: here, or by the device's agent.

    Records are read once and kept: what other processes measure later is found as long as it was missing here.
    """

    def __init__(self, store: Store, device: Device, *, seed: int = 0) -> None:
        self.store = store
        self.device = device
        self._seed = seed
        self._kernels: dict[Kernel, _Share] = {}
        self._networks = store.latest(device, Kind.NETWORK)
        self._remote = Remote(store, device)

    @property
    def is_local(self) -> bool:
        """Whether the device is this machine."""
        return is_local(self.device)

    @property
    def can_measure(self) -> bool:
        """Whether missing kernels can be measured: here, or by an agent."""
        return self.is_local or self._has_agent

    @cached_property
    def _has_agent(self) -> bool:
        return self._remote.has_agent

    def estimate(self, network: Network) -> Estimate:
        """The network's own record if there is one, or else the sum of its kernels.

        NotMeasuredError, with the remedy, if kernels are missing; it is never silently zero.
        """
        measured = self._measured(network)
        if measured:
            return Estimate(measured.latency_ms, measured.error_ms, Source.MEASURED, 0, _is_suspect(measured))
        parts = list(kernels(network))
        missing = self._load(parts)
        if missing or EMPTY_NETWORK.key not in self._networks:
            raise self._not_measured(missing or parts)
        return self._summed([self._kernels[kernel] for kernel in parts])

    def _measured(self, network: Network) -> LatencyRecord | None:
        return self._networks.get(network_signature(network).key)

    def _summed(self, shares: Sequence["_Share"]) -> Estimate:
        empty = self._networks[EMPTY_NETWORK.key]
        return Estimate(
            empty.latency_ms + sum(share.ms for share in shares),
            hypot(empty.error_ms, *(share.error_ms for share in shares)),
            Source.SUMMED,
            len(shares),
            sum(share.is_suspect for share in shares),
        )

    def unmeasured(self, wanted: Iterable[Kernel]) -> list[Kernel]:
        """Those of the wanted kernels without a record, each once, in their order."""
        return self._load(wanted)

    def ensure(self, networks: Iterable[Network]) -> int:
        """Measure the kernels that the networks lack; returns how many. NotMeasuredError if they cannot be measured."""
        return self.measure_kernels(self._load(kernel for network in networks for kernel in kernels(network)))

    def measure_kernels(
        self, wanted: Sequence[Kernel], *, budget_s: float = inf, progress: Progress | None = None
    ) -> int:
        """Measure kernels, storing them batch by batch, until the time is over; returns how many.

        A batch that has begun is finished. NotMeasuredError if the device is not this machine, and has no agent or one
        that is away.
        """
        start, done = monotonic(), 0
        while done < len(wanted) and monotonic() - start < budget_s:
            if not self.can_measure:
                raise self._not_measured(wanted)
            batch = wanted[done : done + (BATCH if self.is_local else ASKED)]
            if self.is_local:
                self._measure(kernel_models(batch), QUICK)
            else:
                self._remote.ensure(list(dict.fromkeys(s for k in batch for s in kernel_signatures(k))), QUICK)
            self._load(batch)
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
        else:
            records = self._remote.measure(set(signatures.values()), settings, files)
        self._networks |= {key.key: record for key, record in records.items() if key.kind is Kind.NETWORK}
        return {name: records[signature] for name, signature in signatures.items()}

    def _measure(self, models: Mapping[Signature, bytes], settings: Settings) -> dict[Signature, LatencyRecord]:
        known_ms = reference_before(self.store, self.device)
        records = measure(models, self.device, settings, seed=self._seed, known_ms=known_ms)
        self._seed += 1
        self.store.add(records)
        return standing(records)

    def _load(self, wanted: Iterable[Kernel]) -> list[Kernel]:
        """Read the records of wanted kernels that are not known yet; returns those that have none."""
        unknown = dict.fromkeys(kernel for kernel in wanted if kernel not in self._kernels)
        if not unknown:
            return []
        keys = {kernel: [signature.key for signature in kernel_signatures(kernel)] for kernel in unknown}
        records = self.store.latest(self.device, Kind.KERNEL, {key for both in keys.values() for key in both})
        for kernel, (own, context) in keys.items():
            if own in records and context in records:
                self._kernels[kernel] = _Share(records[own], records[context])
        if EMPTY_NETWORK.key not in self._networks:
            self._networks |= self.store.latest(self.device, Kind.NETWORK, [EMPTY_NETWORK.key])
        return [kernel for kernel in unknown if kernel not in self._kernels]

    def _not_measured(self, missing: Sequence[Kernel]) -> NotMeasuredError:
        remedy = (
            "measure them with"
            if self.can_measure
            else f"the device is not this machine with {self.device.runtime} {self.device.runtime_version}: there, run"
        )
        return NotMeasuredError(
            f"device {self.device.name!r} lacks {len(missing)} kernels, such as '{missing[0].key}'; "
            f"{remedy} `nas device measure {self.device.name} --space SPACE`"
        )


@dataclass(frozen=True, slots=True)
class _Share:
    """What a kernel adds to a network, from the records of the kernel in its context and of the context alone."""

    whole: LatencyRecord
    context: LatencyRecord

    @property
    def ms(self) -> float:
        return max(self.whole.latency_ms - self.context.latency_ms, 0.0)

    @property
    def error_ms(self) -> float:
        return hypot(self.whole.error_ms, self.context.error_ms)

    @property
    def is_suspect(self) -> bool:
        return any(map(_is_suspect, (self.whole, self.context)))


def _is_suspect(record: LatencyRecord) -> int:
    return int(record.state is RecordState.SUSPECT)
