"""`nas agent`: measure on this machine for a service. Without click, since little is installed on a device."""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from types import FrameType

from latency_db.agent.loop import Agent
from latency_db.agent.service import RefusedError, Service
from latency_db.agent.state import default_home, lock_machine
from latency_db.devices.device import Device
from latency_db.devices.local import LocalName, local_device
from latency_db.devices.runtime import FP32, runtime
from nas.errors import NasError
from nas.machine.cgroup import core_count

FAILED, USAGE_ERROR = 1, 2
HELP = "Measure latencies on this machine for a service."


def main(arguments: Sequence[str]) -> int:
    """Run until SIGTERM or Ctrl-C. Exit codes: 0 stopped, 1 refused by the service, 2 wrong use or a second agent."""
    given = _parser().parse_args(arguments)
    sys.dont_write_bytecode = True  # on a full disk CPython 3.11 leaves half a file, from which it cannot start again
    logging.basicConfig(level=logging.INFO, format="nas agent: %(message)s")
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    stop = Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    try:
        devices = _devices(given.runtime, given.threads)
        lock = lock_machine()
        token = given.token or os.environ.get("NAS_API_KEY")
        agent = Agent(Service(given.server, token, stop), given.home or default_home(), given.server, stop, lock)
        agent.run(given.name, devices, _facts(devices))
    except RefusedError as error:
        sys.stderr.write(f"nas agent: {error}\n")
        return FAILED
    except (NasError, OSError) as error:
        sys.stderr.write(f"nas agent: {error}\n")
        return USAGE_ERROR
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("nas agent", description=HELP)
    parser.add_argument("--server", required=True, metavar="URL", help="the service, such as http://HOST:8000")
    parser.add_argument(
        "--token", help="from `nas device add NAME` there; better in NAS_API_KEY, which other users cannot see"
    )
    parser.add_argument("--name", help="name of this device (default: the name it was added or registered with)")
    parser.add_argument("--runtime", action="append", help="offer this runtime only; may be given several times")
    parser.add_argument(
        "--threads",
        action="append",
        type=int,
        help="offer this number of threads; may be given several times (default: 1)",
    )
    parser.add_argument(
        "--home", type=Path, help="folder of the agent's state (default: NAS_AGENT_HOME, or nas-agent in the user's)"
    )
    return parser


def _devices(names: Sequence[str] | None, threads: Sequence[int] | None) -> list[Device]:
    """The devices to offer: each runtime that was found, or the named ones, in 32-bit floats."""
    chosen = names or [name for name in runtime if runtime.make(name).unavailable(FP32) is None]
    counts = {name: (threads or [1]) if runtime[name].multithreaded else [1] for name in chosen}
    return [local_device(str(LocalName(name, FP32, count))) for name in chosen for count in counts[name]]


def _facts(devices: Sequence[Device]) -> dict[str, object]:
    found = {device.runtime: device.runtime_version for device in devices}
    return {**devices[0].machine, "cores": core_count(), "runtimes": found} if devices else {"runtimes": found}
