"""Measuring in a process of its own with limits, so that no model can end the process that asks for it.

    python -m latency_db.measuring.apart

reads a job from the standard input, builds and measures its models, and writes the records to the standard output, both
as pickles. It ends with its parent, which holds the standard input open.
"""

import os
import pickle
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latency_db.devices.device import Device
from latency_db.devices.gpu import GpuRuntime
from latency_db.devices.runtime import runtime
from latency_db.errors import MeasurementError
from latency_db.measuring.measure import Effort, measure
from latency_db.measuring.session import OnRefused
from latency_db.records.record import LatencyRecord, Signature
from latency_db.records.signatures import network_model
from nas.machine.limits import limit_process
from nas.ops.cost import network_cost
from nas.ops.limits import FLOAT_BYTES, MAX_PARAMS, MEASURING_BYTES
from nas.ops.notation import read_network

CPU_S = 3600
ATTEMPTS = 3
"""How often a process that is killed is started, counting the first."""

NO_MEMORY = 77
"""Exit code of a process that has reached its limit of memory."""

Models = Mapping[Signature, bytes | None]
"""By signature, an ONNX file; None: the network that the signature's key is the notation of, with random weights."""


@dataclass(frozen=True, slots=True)
class _Job:
    models: Models
    device: Device
    effort: Effort
    seed: int
    known_ms: float | None


_Answer = tuple[list[LatencyRecord], dict[Signature, str]]


def measure_apart(
    models: Models, device: Device, effort: Effort, *, seed: int, known_ms: float | None, on_refused: OnRefused
) -> list[LatencyRecord]:
    """As latency_db.measuring.measure.measure. Models that end the process that measures them are refused too.

    MeasurementError if the system has ended the process, as it does where memory is short, or if it failed by itself.
    """
    found: list[LatencyRecord] = []
    waiting = list(_fitting(models))
    while waiting:
        part = waiting.pop(0)
        done = _try(_Job(part, device, effort, seed, known_ms))
        if not isinstance(done, int):
            found += done[0]
            for signature, reason in done[1].items():
                on_refused(signature, reason)
        elif len(part) > 1:  # alone, each of them shows whether it was the one
            waiting = [{signature: model} for signature, model in part.items()] + waiting
        elif done == -signal.SIGKILL:
            raise MeasurementError(f"the system has killed the process that measured '{_shown(part)}': free memory")
        else:
            on_refused(next(iter(part)), f"the process that measured it {_ending(done)}")
    return found


def measure_here(models: Models, device: Device, effort: Effort, **given: Any) -> list[LatencyRecord]:
    """Build the models in this process, and measure as latency_db.measuring.measure.measure does."""
    built = {
        signature: network_model(read_network(signature.key)) if model is None else model
        for signature, model in models.items()
    }
    return measure(built, device, effort, **given)


def _fitting(models: Models) -> Iterator[Models]:
    """The models in parts whose weights are in memory together."""
    part: dict[Signature, bytes | None] = {}
    left = FLOAT_BYTES * MAX_PARAMS
    for signature, model in models.items():
        size = network_cost(read_network(signature.key)).size_bytes if model is None else len(model)
        if part and size > left:
            yield part
            part, left = {}, FLOAT_BYTES * MAX_PARAMS
        part[signature] = model
        left -= size
    if part:
        yield part


def _try(job: _Job) -> _Answer | int:
    """As _run; once more where the process was killed, which may have had nothing to do with the models."""
    for _ in range(ATTEMPTS - 1):
        if (done := _run(job)) != -signal.SIGKILL:
            return done
    return _run(job)


def _run(job: _Job) -> _Answer | int:
    """The process' answer, or the exit code of one that has none."""
    command = [sys.executable, "-P", "-m", __name__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own
        assert process.stdin is not None  # noqa: S101 - for the type checker
        assert process.stdout is not None  # noqa: S101 - for the type checker
        with suppress(BrokenPipeError):
            process.stdin.write(pickle.dumps(job))
            process.stdin.flush()
        content = process.stdout.read()
    if process.returncode > 0 and process.returncode != NO_MEMORY:  # no fault of the models
        raise MeasurementError(f"the process that measures ended with exit code {process.returncode}: see its output")
    if process.returncode:
        return process.returncode
    answer: _Answer | MeasurementError = pickle.loads(content)  # noqa: S301 - our own process wrote it
    if isinstance(answer, MeasurementError):
        raise answer
    return answer


def _shown(part: Models) -> str:
    return next(iter(part)).key


def _ending(code: int) -> str:
    if code == NO_MEMORY:
        return f"needed more than {MEASURING_BYTES / 2**30:.1f} GiB of memory"
    return f"was ended by {signal.Signals(-code).name}"


def _measure(job: _Job) -> _Answer | MeasurementError:
    """In the process: build and measure the models."""
    refused: dict[Signature, str] = {}
    given = {"seed": job.seed, "known_ms": job.known_ms, "on_refused": refused.__setitem__}
    try:
        return measure_here(job.models, job.device, job.effort, **given), refused
    except MeasurementError as error:
        return error


def _limit(device: Device) -> None:
    """Limit memory and time, and let the system end this process first where memory is short.

    Runtimes on a GPU have no limit of memory: their drivers map far more of it than they use.
    """
    limits = {resource.RLIMIT_CPU: CPU_S}
    if not issubclass(runtime[device.runtime], GpuRuntime):
        limits[resource.RLIMIT_DATA] = MEASURING_BYTES
    limit_process(limits)
    with suppress(OSError):  # not on every system
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")


def _end_with_parent() -> None:
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


def main() -> None:
    output = os.dup(1)
    os.dup2(2, 1)  # what runtimes print is not the answer
    job: _Job = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own process wrote it
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _limit(job.device)
    try:
        answer = pickle.dumps(_measure(job))
    except MemoryError:
        sys.exit(NO_MEMORY)
    file = os.fdopen(output, "wb")
    file.write(answer)
    file.flush()
    os._exit(0)  # at once: the parent closes the standard input when the answer ends, which ends this process too


if __name__ == "__main__":
    main()
