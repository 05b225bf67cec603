"""Latencies as they were at one moment, as the content of a file: what a search reads from its beginning to its end.

The file is JSON, compressed by gzip: for each device its facts, and for each kind of model one row a key, with those
parts of its record and of its consensus value that estimates use. A frozen record has no statistics and no
circumstances.
"""

import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from math import isnan, nan
from typing import Any

import numpy as np

from latency_db.devices.device import Device
from latency_db.records.record import (
    Kind,
    LatencyRecord,
    MeasurementSession,
    RecordState,
    Signature,
    Statistic,
)
from latency_db.robust_statistics import Values
from latency_db.storing.consensus_rows import Value
from latency_db.storing.latencies import Latencies

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Models:
    """What is known of one device's models of one kind, by key."""

    records: Mapping[str, LatencyRecord]
    values: Mapping[str, Value]
    refusals: Mapping[str, str]

    @classmethod
    def of(cls, latencies: Latencies, device: Device, kind: Kind) -> "Models":
        return cls(latencies.latest(device, kind), latencies.values(device, kind), latencies.refusals(device, kind))

    def to_json(self) -> Json:
        keys = sorted({*self.records, *self.values})
        rows = [[key, _record_row(self.records.get(key)), _value_row(self.values.get(key))] for key in keys]
        return {"rows": rows, "refusals": dict(self.refusals)}

    @classmethod
    def from_json(cls, data: Json, device: Device, kind: Kind) -> "Models":
        records = {key: _record(Signature(key, kind), device, row) for key, row, _ in data["rows"] if row}
        return cls(records, {key: _value(row) for key, _, row in data["rows"] if row}, data["refusals"])


@dataclass(frozen=True, slots=True)
class DeviceLatencies:
    """What is known of one device."""

    device: Device
    models: Mapping[Kind, Models]
    deviations: Values

    @classmethod
    def of(cls, latencies: Latencies, device: Device) -> "DeviceLatencies":
        models = {kind: Models.of(latencies, device, kind) for kind in Kind}
        return cls(device, models, latencies.session_deviations(device))

    def to_json(self) -> Json:
        models = {kind.value: models.to_json() for kind, models in self.models.items()}
        return {"device": asdict(self.device), **models, "deviations": self.deviations.tolist()}

    @classmethod
    def from_json(cls, data: Json) -> "DeviceLatencies":
        device = Device(**data["device"])
        models = {kind: Models.from_json(data[kind.value], device, kind) for kind in Kind}
        return cls(device, models, np.array(data["deviations"], np.float64))


@dataclass(frozen=True)
class FrozenLatencies:
    """Latencies of one device, and of those that it is predicted from, which never change. See Latencies.

    devices: the one that the latencies are for, and then the others, in the order of Latencies.with_tables.
    """

    devices: Sequence[DeviceLatencies]

    @classmethod
    def of(cls, latencies: Latencies, devices: Sequence[Device]) -> "FrozenLatencies":
        return cls([DeviceLatencies.of(latencies, device) for device in devices])

    @classmethod
    def from_file(cls, content: bytes) -> "FrozenLatencies":
        return cls([DeviceLatencies.from_json(each) for each in json.loads(gzip.decompress(content))["devices"]])

    def to_file(self) -> bytes:
        """The content of a file; from_file is the inverse."""
        return gzip.compress(self._text, mtime=0)

    @property
    def device(self) -> Device:
        """The device that the latencies are for."""
        return self.devices[0].device

    @cached_property
    def digest(self) -> str:
        """Content id: 16 hexadecimal digits."""
        return hashlib.sha256(self._text).hexdigest()[:16]

    @cached_property
    def _text(self) -> bytes:
        data = {"devices": [each.to_json() for each in self.devices]}
        return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()

    def latest(self, device: Device, kind: Kind, keys: Iterable[str] | None = None) -> dict[str, LatencyRecord]:
        records = self._of(device).models[kind].records
        return {key: records[key] for key in (records if keys is None else keys) if key in records}

    def values(self, device: Device, kind: Kind) -> dict[str, Value]:
        return dict(self._of(device).models[kind].values)

    def session_deviations(self, device: Device) -> Values:
        return self._of(device).deviations

    def refusals(self, device: Device, kind: Kind) -> dict[str, str]:
        return dict(self._of(device).models[kind].refusals)

    def with_tables(self) -> list[Device]:
        return [each.device for each in self.devices[1:]]

    def _of(self, device: Device) -> DeviceLatencies:
        return next(each for each in self.devices if each.device == device)


def _record_row(record: LatencyRecord | None) -> list[Any] | None:
    """Latency, the two best rounds, which are its error, state, and the beginning of its session."""
    if record is None:
        return None
    best = sorted(record.rounds_ms)[:2]
    return [record.latency_ms, best, record.state.value, record.session.started_at.isoformat()]


def _record(signature: Signature, device: Device, row: Sequence[Any]) -> LatencyRecord:
    latency_ms, rounds_ms, state, started_at = row
    session = MeasurementSession(device, datetime.fromisoformat(started_at), harness="", environment={}, uid="")
    found = RecordState(state)
    return LatencyRecord(signature, session, Statistic.UNKNOWN, latency_ms, tuple(rounds_ms), state=found)


def _value_row(value: Value | None) -> list[Any] | None:
    if value is None:
        return None
    spread_ms = None if isnan(value.spread_ms) else value.spread_ms
    return [value.ms, spread_ms, value.state.value, value.sessions]


def _value(row: Sequence[Any]) -> Value:
    ms, spread_ms, state, sessions = row
    return Value(ms, nan if spread_ms is None else spread_ms, RecordState(state), sessions)
