"""Claim: an agent needs less than 150 MB of memory, while it waits and while it measures a batch.

A service is started here, with an agent beside it; the agent measures 64 random networks of a space, one batch. Shown
is the most that its process and the process that measures for it ever had resident (VmHWM), as the kernel counts it.
--nas: the command of another environment, such as one with nothing but the agent (`pip install ./agent`).

Machine, versions and n are printed; results: docs/results/agent.md
Command: python benchmarks/agent_memory.py --nas /PATH/OF/ENVIRONMENT/bin/nas
"""

import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import httpx2

from latency_db.devices.local import local_device
from latency_db.measuring.measure import BATCH
from nas.ops.notation import write_network
from nas.spaces import load_space

NAS = Path(sys.executable).with_name("nas")
PORT = 8765
PATIENCE_S = 300
LOOK_S = 0.01


def most_mb(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    found = re.search(r"^VmHWM:\s*(\d+) kB$", status, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []


def until_up(service: httpx2.Client) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            service.get("/readyz").raise_for_status()
        except httpx2.HTTPError:
            time.sleep(0.1)
        else:
            return
    sys.exit("the service did not start")


def watched(agent: "subprocess.Popen[bytes]", service: httpx2.Client, networks: list[str], effort: str) -> list[float]:
    """Megabytes: of the agent when it waits for work, of it at last, and of the process that measures."""
    requests = "/v1/devices/pi-cpu-1t/requests"
    while service.get(requests).status_code != httpx2.codes.OK:
        if agent.poll() is not None:
            sys.exit("the agent did not register")
        time.sleep(0.1)
    waiting = most_mb(agent.pid)
    service.post(requests, json={"networks": networks, "effort": effort}).raise_for_status()
    measuring, deadline = 0.0, time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        for _ in range(100):
            measuring = max([measuring, *map(most_mb, children(agent.pid))])
            time.sleep(LOOK_S)
        if service.get(requests).json()["counts"]["DONE"] == len(networks):
            return [waiting, most_mb(agent.pid), measuring]
    sys.exit("the agent did not measure")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nas", default=NAS, help="command whose agent is started")
    parser.add_argument("--space", default="small")
    parser.add_argument("--effort", default="quick")
    given = parser.parse_args()

    space, rng = load_space(given.space), Random(1)
    networks = list({write_network(space.sample(rng).architecture.expand()): None for _ in range(2 * BATCH)})[:BATCH]
    with TemporaryDirectory() as folder:
        environment = os.environ | {"NAS_HOME": folder, "NAS_LATENCY_DB": f"{folder}/latency.db", "TMPDIR": folder}
        serving = [NAS, "serve", "--no-worker", "--open", "--port", str(PORT)]
        asking = [given.nas, "agent", "--server", f"http://127.0.0.1:{PORT}", "--home", f"{folder}/agent"]
        asking += ["--runtime", "onnxruntime_cpu", "--name", "pi"]
        with (
            subprocess.Popen(serving, env=environment) as server,  # noqa: S603 - as above
            httpx2.Client(base_url=f"http://127.0.0.1:{PORT}", timeout=30) as service,
        ):
            try:
                until_up(service)
                with subprocess.Popen(asking, env=environment) as agent:  # noqa: S603 - as above
                    try:
                        found = watched(agent, service, networks, given.effort)
                    finally:
                        agent.terminate()
            finally:
                server.terminate()
    print(f"{local_device('local-cpu-1t').fingerprint}; {given.nas}")
    print(f"{len(networks)} networks of {given.space}, {given.effort}, in one batch\n")
    print("| process | most resident, MB |\n|---|---|")
    for name, megabytes in zip(("agent, waiting", "agent, after the batch", "measuring process"), found, strict=True):
        print(f"| {name} | {megabytes:.0f} |")


if __name__ == "__main__":
    main()
