"""Results that agents send, read and checked: sessions with their records, of models that were leased, each once."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from latency_db.devices.device import Device
from latency_db.errors import RecordError
from latency_db.records.plausibility import record_faults, session_faults
from latency_db.records.record import LatencyRecord, MeasurementSession, RecordState, Statistic
from latency_db.records.wire import from_wire

MAX_ROUNDS = 1000
MAX_CHARACTERS = 2000
MAX_ENVIRONMENT_CHARACTERS = 100_000

_UID = re.compile(r"[0-9a-f]{32}")
_SENT_STATES = (RecordState.VALID, RecordState.SUSPECT)


def read_session(
    plain: Mapping[str, Any], device: Device, leased_at: datetime, at: datetime, where: str
) -> list[LatencyRecord]:
    """The records of a session that an agent sent. It starts offset_s after leased_at, at the latest at `at`.

    RecordError names the field that is not valid, or that cannot be true.
    """
    rest = {name: value for name, value in plain.items() if name not in {"offset_s", "records"}}
    offset, sent = plain.get("offset_s"), plain.get("records")
    if not isinstance(offset, int | float) or not isinstance(sent, list):
        raise RecordError(f"{where}: needs a number `offset_s` and a list `records`")
    max_s = max(0.0, (at - leased_at).total_seconds())
    started_at = leased_at + timedelta(seconds=min(max(0.0, float(offset)), max_s))
    session = from_wire(MeasurementSession, rest, where, device=device, started_at=started_at)
    _check_session(session, where)
    records = [
        from_wire(LatencyRecord, record, f"{where}.records.{place}", session=session)
        for place, record in enumerate(sent)
    ]
    for place, record in enumerate(records):
        _check_record(record, f"{where}.records.{place}")
    _check_once((record.signature for record in records), f"{where}.records", "model")
    return records


def check_sessions(sessions: Sequence[Sequence[LatencyRecord]]) -> None:
    """RecordError if two of the sessions have one uid."""
    _check_once((records[0].session.uid for records in sessions if records), "sessions", "uid")


def _check_session(session: MeasurementSession, where: str) -> None:
    faults = list(session_faults(session))
    if not _UID.fullmatch(session.uid):
        faults.append("uid: it must be 32 hexadecimal digits")
    if session.unit != "ms" or session.licence is not None:
        faults.append("unit: what an agent measures is in ms and has no licence")
    if len(json.dumps(session.environment)) > MAX_ENVIRONMENT_CHARACTERS:
        faults.append(f"environment: it has more than {MAX_ENVIRONMENT_CHARACTERS} characters of JSON")
    faults += _common_faults(session)
    _refuse(faults, where)


def _check_record(record: LatencyRecord, where: str) -> None:
    expected = Statistic.of(record.session.device)
    faults = [] if record.statistic is expected else [f"statistic: this device is measured by {expected.value}"]
    if not 1 <= len(record.rounds_ms) <= MAX_ROUNDS:
        faults.append(f"rounds_ms: it has {len(record.rounds_ms)} rounds, not 1 to {MAX_ROUNDS}")
    else:
        faults += record_faults(record)
    _refuse([*faults, *_common_faults(record)], where)


def _common_faults(sent: MeasurementSession | LatencyRecord) -> Iterable[str]:
    texts = {"reason": sent.reason or ""} | ({"harness": sent.harness} if isinstance(sent, MeasurementSession) else {})
    yield from (f"{name}: more than {MAX_CHARACTERS} characters" for name, text in texts.items() if _is_long(text))
    if sent.state not in _SENT_STATES:
        yield f"state: an agent sends {' or '.join(_SENT_STATES)}"


def _is_long(text: str) -> bool:
    return len(text) > MAX_CHARACTERS


def _check_once(sent: Iterable[object], where: str, what: str) -> None:
    if any(count > 1 for count in Counter(sent).values()):
        raise RecordError(f"{where}: one {what} twice; a session measures a model once, and has a uid of its own")


def _refuse(faults: Sequence[str], where: str) -> None:
    if faults:
        raise RecordError(f"{where}.{faults[0]}")
