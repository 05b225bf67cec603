"""Measuring in a separate process with limits on time and memory, so that a crash does not end the agent.

    python -m latency_db.agent.measuring_process LIFELINE

reads a batch and its models from the standard input and writes its sessions to the standard output, as JSON lines.
LIFELINE is a file descriptor whose other end the agent holds open: the process ends with the agent.
"""

import base64
import json
import os
import resource
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any

from latency_db.devices.device import Device
from latency_db.errors import MeasurementError
from latency_db.measuring.measure import Effort, measure
from latency_db.records.record import Kind, LatencyRecord, Signature
from latency_db.records.wire import to_wire
from nas.machine.limits import limit_process
from nas.onnx_file.model_check import check_model

MEMORY_BYTES = 4 << 30
CPU_S = 3600
LEFT_OUT = frozenset({"device", "started_at", "session"})
"""Fields that are not sent: the service knows the device, and times are by its clock."""

Json = dict[str, Any]


def device_json(device: Device) -> Json:
    """A device as JSON between service and agent, without what is the same for all measured devices."""
    described: Json = to_wire(device, without=frozenset({"batch", "layout", "source"}))
    return described


def input_lines(batch: Mapping[str, Any], models: Iterable[tuple[Signature, bytes]]) -> Iterator[bytes]:
    """The process' input: a leased batch, as the service sends it, and a line for each model."""
    head = {name: batch[name] for name in ("device", "settings", "known_ms")}
    yield json.dumps(head).encode() + b"\n"
    for signature, model in models:
        yield json.dumps([signature.kind, signature.key, base64.b64encode(model).decode()]).encode() + b"\n"


def run(source: IO[bytes]) -> Json:
    """Measure the input's models: {"sessions": [...], "refused": [[kind, key, reason]]}, or {"fault": reason}."""
    start = time.monotonic()
    head = json.loads(source.readline())
    device, effort = Device(**head["device"]), Effort(**head["settings"])
    models = {}
    for line in source:
        kind, key, content = json.loads(line)
        model = base64.b64decode(content)
        check_model(model)
        models[Signature(key, Kind(kind))] = model
    offset_s = time.monotonic() - start
    refused: dict[Signature, str] = {}
    seed = int.from_bytes(os.urandom(4))
    try:
        known_ms = head["known_ms"]
        records = measure(models, device, effort, seed=seed, known_ms=known_ms, on_refused=refused.__setitem__)
    except MeasurementError as error:
        return {"fault": str(error)}
    sessions = list(_sessions(records, offset_s)) if len(refused) < len(models) else []
    return {
        "sessions": sessions,
        "refused": [[signature.kind, signature.key, why] for signature, why in refused.items()],
    }


def _sessions(records: Iterable[LatencyRecord], offset_s: float) -> Iterable[Json]:
    """The records by session, as they are sent. offset_s: from the start of the process to the first session."""
    by_session: dict[int, list[LatencyRecord]] = {}
    for record in records:
        by_session.setdefault(id(record.session), []).append(record)
    first = min(group[0].session.started_at for group in by_session.values())
    for group in by_session.values():
        session = group[0].session
        later_s = (session.started_at - first).total_seconds()
        sent = [to_wire(record, without=LEFT_OUT) for record in group]
        yield {**to_wire(session, without=LEFT_OUT), "offset_s": offset_s + later_s, "records": sent}


def _end_with(lifeline: int) -> None:
    """End this process when the other end of the lifeline is closed."""
    os.read(lifeline, 1)
    os._exit(1)


def main() -> None:
    threading.Thread(target=_end_with, args=(int(sys.argv[1]),), daemon=True).start()
    limit_process({resource.RLIMIT_AS: MEMORY_BYTES, resource.RLIMIT_CPU: CPU_S})
    print(json.dumps(run(sys.stdin.buffer)))  # noqa: T201 - to the agent


if __name__ == "__main__":
    main()
