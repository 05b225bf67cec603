"""The agent's loop: lease a batch, fetch and check its models, measure them, and send the results."""

import contextlib
import json
import logging
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from threading import Event, Thread
from typing import IO, Any

import httpx2

from latency_db.agent.measuring_process import device_json, input_lines
from latency_db.agent.service import RefusedError, Service, StoppedError
from latency_db.agent.state import Spool, machine_id
from latency_db.devices.device import Device
from latency_db.records.record import Kind, Signature
from nas.errors import ModelRefusedError
from nas.onnx_file.model_check import check_model

POLL_S = 3.0
PROCESS_POLL_S = 0.25
MAX_BATCH_S = 900.0
"""A batch that takes longer has failed."""

_log = logging.getLogger("nas.agent")
Json = dict[str, Any]


class Agent:
    """lock: the descriptor of the machine's lock (latency_db.agent.state), which measuring processes hold too."""

    def __init__(self, service: Service, home: Path, server: str, stop: Event, lock: int) -> None:
        self._service, self._stop, self._lock = service, stop, lock
        self._spool = Spool(home, server)
        self._machine = machine_id(home)
        self._run = uuid.uuid4().hex
        self._trouble: str | None = None

    def run(self, name: str | None, devices: Sequence[Device], facts: Mapping[str, Any]) -> None:
        """Run until stop is set. RefusedError if the service refuses this agent."""
        try:
            for batch_id, results in list(self._spool):
                self._send(batch_id, results)
            registered = self._register(name, devices, facts)
            base = f"/v1/agents/{registered['id']}"
            while True:
                lease = self._service.post(f"{base}/batches:lease", {"run": self._run, "trouble": self._trouble})
                if lease["batch"] is not None:
                    self._measure(f"{base}/batches/{lease['batch']['id']}", lease["batch"])
                elif self._stop.wait(POLL_S * random.uniform(0.5, 1.0)):
                    return
        except StoppedError:
            return

    def _register(self, name: str | None, devices: Sequence[Device], facts: Mapping[str, Any]) -> Json:
        own = [device_json(device) for device in devices]
        for device in own:
            device["fingerprint"] |= {"machine": self._machine}
        hello = {"machine": self._machine, "run": self._run, "name": name, "facts": dict(facts), "devices": own}
        registered = self._service.post("/v1/agents:register", hello)
        _log.info("registered as %s, with %s", registered["name"], ", ".join(registered["devices"]))
        return registered

    def _measure(self, path: str, batch: Mapping[str, Any]) -> None:
        start = time.monotonic()
        models, failures = self._fetch(batch["tasks"])
        sessions: list[Json] = []
        if models:
            sessions, more = self._measure_models(path, batch, models, start)
            failures += more
        if self._stop.is_set() and not sessions:
            self._service.post(f"{path}:return", {}, patient=False)
            raise StoppedError("stopped")
        results = json.dumps({"agent_path": path, "sessions": sessions, "failures": failures})
        try:
            self._spool.put(batch["id"], results)
            self._trouble = None
        except OSError as error:
            self._trouble = f"results cannot be kept on disk: {error.strerror}"
            _log.warning("%s; sending them from memory", self._trouble)
        self._send(batch["id"], results)

    def _fetch(self, tasks: Sequence[Mapping[str, Any]]) -> tuple[dict[int, tuple[Signature, bytes]], list[Json]]:
        """The models that may be run, by request, and the failures of the others."""
        models, failures = {}, []
        for task in tasks:
            try:
                model = self._service.model(task["digest"])
                check_model(model)
            except (ModelRefusedError, RefusedError) as error:
                _log.warning("%s is not run: %s", task["key"][:100], error)
                failures.append({"request": task["request"], "reason": str(error), "final": True})
                continue
            models[task["request"]] = (Signature(task["key"], Kind(task["kind"])), model)
        return models, failures

    def _measure_models(
        self, path: str, batch: Mapping[str, Any], models: Mapping[int, tuple[Signature, bytes]], start: float
    ) -> tuple[list[Json], list[Json]]:
        """Measure in a process of its own; its sessions and failures."""
        offset_s = time.monotonic() - start
        lines = input_lines(batch, models.values())
        code, output = self._process(path, lines, batch["lease_s"])
        if self._stop.is_set() and code != 0:
            return [], []
        found: Json = json.loads(output) if code == 0 else {"fault": _exit_reason(code)}
        if "fault" in found:
            _log.warning("batch %s: %s", batch["id"], found["fault"])
            final = len(models) == 1 and code == 0
            return [], [{"request": request, "reason": found["fault"], "final": final} for request in models]
        for session in found["sessions"]:
            session["offset_s"] += offset_s
        requests = {(signature.kind, signature.key): request for request, (signature, _) in models.items()}
        refused = [
            {"request": requests[kind, key], "reason": reason, "final": True} for kind, key, reason in found["refused"]
        ]
        return list(found["sessions"]), refused

    def _process(self, path: str, lines: Iterable[bytes], lease_s: float) -> tuple[int, bytes]:
        """Exit code and output of a measuring process; the lease is extended meanwhile."""
        ours, theirs = os.pipe()
        command = [sys.executable, "-I", "-B", "-m", "latency_db.agent.measuring_process", str(ours)]
        with subprocess.Popen(  # noqa: S603 - our own module
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=(ours, self._lock)
        ) as process:
            os.close(ours)
            source, process.stdin = process.stdin, None
            Thread(target=_feed, args=(source, lines), daemon=True).start()
            try:
                return self._wait(process, path, lease_s)
            finally:
                process.kill()
                os.close(theirs)

    def _wait(self, process: subprocess.Popen[bytes], path: str, lease_s: float) -> tuple[int, bytes]:
        start = beat = time.monotonic()
        while True:
            try:
                output, _ = process.communicate(timeout=PROCESS_POLL_S)
            except subprocess.TimeoutExpired:
                now = time.monotonic()
                if self._stop.is_set() or now - start > MAX_BATCH_S:
                    return -signal.SIGALRM, b""
                if now - beat > lease_s / 3:
                    beat = now
                    self._extend(path)
            else:
                return process.returncode, output

    def _extend(self, path: str) -> None:
        """Extend the lease if possible; if it was lost, the service refuses the results."""
        try:
            self._service.post(f"{path}:extend", {}, patient=False)
        except (httpx2.TransportError, RefusedError) as error:
            _log.warning("the lease was not extended: %s", error)

    def _send(self, batch_id: str, results: str) -> None:
        """Send until the service accepts or refuses the results; refused ones are dropped."""
        body = json.loads(results)
        path = body.pop("agent_path")
        try:
            self._service.post(f"{path}:complete", body)
            _log.info("batch %s: %d measured, %d not", batch_id, _count(body), len(body["failures"]))
        except RefusedError as error:
            _log.warning("batch %s: %s", batch_id, error)
            if error.status == 401:  # noqa: PLR2004 - Unauthorized: the results are kept for a valid token
                raise
        self._spool.drop(batch_id)


def _feed(source: IO[bytes], lines: Iterable[bytes]) -> None:
    """Write all to a process: `communicate` drops unread input at its timeout (CPython 3.11)."""
    with contextlib.suppress(BrokenPipeError), source:
        source.writelines(lines)


def _count(body: Mapping[str, Any]) -> int:
    return sum(len(session["records"]) for session in body["sessions"])


def _exit_reason(code: int) -> str:
    if code == -signal.SIGALRM:
        return f"measuring took more than {MAX_BATCH_S:g} s"
    if code < 0:
        return f"the measuring process was ended by {signal.Signals(-code).name}"
    return f"the measuring process ended with exit code {code}"
