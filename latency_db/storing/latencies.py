"""What estimates are made from: a store, or a frozen copy of a part of one."""

from collections.abc import Iterable
from typing import Protocol

from latency_db.devices.device import Device
from latency_db.records.record import Kind, LatencyRecord
from latency_db.robust_statistics import Values
from latency_db.storing.consensus_rows import Value


class Latencies(Protocol):
    """Latencies of devices, as latency_db.storing.store.Store gives them."""

    def latest(self, device: Device, kind: Kind, keys: Iterable[str] | None = None) -> dict[str, LatencyRecord]: ...

    def values(self, device: Device, kind: Kind) -> dict[str, Value]: ...

    def session_deviations(self, device: Device) -> Values: ...

    def refusals(self, device: Device, kind: Kind) -> dict[str, str]: ...

    def with_tables(self) -> list[Device]: ...
