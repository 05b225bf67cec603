"""Claim: `kill -9` of any process of the service, at any moment, loses no trial, repeats none and changes no choice.

    python benchmarks/kills.py --kills 20

A search runs undisturbed once; then the same search runs again and again while processes of the service are killed: the
API, the dispatcher, a worker, and with Ray its raylet and GCS. After each kill the time until the search goes on is
taken: until an epoch, a trial or a file of it is done. Searches of a lower priority wait in the queue behind it, more
than a dispatcher takes at a time, and must not keep it waiting. At the end the ledger is checked: all trials there,
each told once, events without a gap, and on one worker the architectures of the undisturbed search. Exit code 1 if
anything does not hold.
"""

import argparse
import contextlib
import json
import os
import platform
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from api.client import Client, Search

NAS = Path(sys.executable).with_name("nas")
BEHIND = 3
"""Searches that wait behind the disturbed one: one worker's dispatcher takes two at a time."""

PRIORITY = 10
DONE = ("trial.told", "trial.epoch", "artifact.added", "references", "finalists")
"""Events that show that a search goes on."""

PROMISED_S = 60.0
"""Within this time after a fault a search goes on, without a human."""

PATIENCE_S = 600.0
"""For what never happens to be seen, however busy the machine is."""

SPEC: dict[str, Any] = {
    "dataset": "fashion_mnist_mini",
    "space": {
        "name": "tiny",
        "resolution": 28,
        "channels": 1,
        "classes": 10,
        "stem": {"width": 8, "kernel": 3, "stride": 2},
        "stages": [
            {
                "blocks": [{"conv": {"kernel": 3}}, {"separable": {"kernel": [3, 5]}}],
                "layers": 1,
                "width": [8, 16, 24],
                "stride": 2,
            },
            {
                "blocks": [{"fire": {"squeeze": 0.25}}, {"shuffle": {"groups": 2}}],
                "layers": [1, 2],
                "width": 32,
                "stride": 2,
            },
        ],
        "head": 0,
    },
    # Far above all latencies, so that what evolution proposes does not follow from what was measured meanwhile.
    "objective": {"name": "mnasnet", "target_latency_ms": 100.0, "alpha": 0.0, "beta": -1.0},
    "searcher": {"name": "evolution", "population": 4, "tournament": 2},
    "evaluator": {"name": "train", "epochs": 1},
    "finalists": {"count": 1, "epochs": 2},
    "references": [],
}


class Service:
    """`nas serve` in a folder of its own. more: variables of its environment. enter: called in it before it begins."""

    def __init__(
        self,
        folder: Path,
        executor: str,
        database: str | None,
        *,
        more: Mapping[str, str] = MappingProxyType({}),
        enter: Callable[[], None] | None = None,
    ) -> None:
        folder.mkdir()
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._environment = {**os.environ, "NAS_HOME": str(folder), "NAS_LATENCY_DB": str(folder.parent / "latency.db")}
        self._environment |= more
        if database:
            self._environment["DATABASE_URL"] = database
        options = ["--open", "--port", str(self.port), "--executor", executor, "--workers", "1"]
        self._log = (folder / "serve.log").open("w")
        self._process = subprocess.Popen(  # noqa: S603 - the project's own command
            [NAS, "serve", *options],
            env=self._environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            preexec_fn=enter,  # noqa: PLW1509 - it writes one file, and no thread runs here
        )
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = Client(self.url, patience_s=PATIENCE_S)

    def processes(self) -> dict[str, list[int]]:
        """Ids of the service's processes by their part in it; the supervisor is not among them."""
        found: dict[str, list[int]] = {}
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                pid = int(entry.name)
                mine = f"NAS_HOME={self.folder}".encode() in (entry / "environ").read_bytes().split(b"\0")
                part = _part((entry / "cmdline").read_bytes().decode(errors="replace").replace("\0", " "))
                if mine and part and pid != self._process.pid:
                    found.setdefault(part, []).append(pid)
        return found

    def close(self) -> None:
        self.client.close()
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(40)
        self._process.kill()
        self._process.wait()
        self._log.close()


def _part(command: str) -> str | None:
    """Which part of the service a command line is of."""
    marks = {
        "gcs_server": "gcs",
        "/raylet/raylet": "raylet",
        "ray::": "worker",
        "multiprocessing.spawn": "worker",
        "-m api": "api",
        " worker": "dispatcher",
    }
    return next((part for mark, part in marks.items() if mark in command), None)


@contextlib.contextmanager
def service(folder: Path, executor: str, database: str | None = None, **more: Any) -> Iterator[Service]:
    running = Service(folder, executor, database, **more)
    try:
        yield running
    finally:
        running.close()


def undisturbed(running: Service, spec: dict[str, Any]) -> list[str]:
    """The architectures of the search's trials, in their order; finalists do not change them."""
    alone = spec | {"finalists": {"count": 0}}
    search = running.client.submit(alone, name="undisturbed").wait(timeout_s=1800)
    if search.state != "SUCCEEDED":
        raise SystemExit(f"the undisturbed search ended {search.state}: {search.state_message}")
    return [trial.architecture_id for trial in search.trials()]


def disturbed(
    running: Service, spec: dict[str, Any], kills: list[str], rng: random.Random
) -> tuple[Search, list[tuple[str, float]]]:
    """Run the search while killing the next parts of kills; returns it, the parts killed, the seconds each took."""
    search = running.client.submit(spec, name="disturbed", priority=PRIORITY)
    for number in range(BEHIND):
        running.client.submit({**spec, "seed": number + 1, "max_trials": 1000}, name=f"behind {number}")
    done: list[tuple[str, float]] = []
    while kills and not search.ended:
        time.sleep(rng.uniform(0.5, 6.0))
        found = running.processes()
        search = search.refresh()
        part = kills[0]
        if search.ended or part not in found:
            if part != "worker" and part not in found:
                time.sleep(1.0)
            elif part == "worker":
                kills.append(kills.pop(0))
            continue
        kills.pop(0)
        os.kill(rng.choice(found[part]), signal.SIGKILL)
        done.append((part, until_it_goes_on(running.url, search)))
        print(f"  killed {part}: went on after {done[-1][1]:.1f} s", flush=True)
    return search.wait(timeout_s=1800), done


def until_it_goes_on(url: str, search: Search) -> float:
    """Seconds until the search has an event of DONE, or has ended."""
    start, before = time.monotonic(), search.last_seq
    while True:
        if any(kind in DONE for kind in kinds_after(url, search, before)) or search.refresh().ended:
            return time.monotonic() - start
        if time.monotonic() - start > PATIENCE_S:
            raise SystemExit(f"after a kill the search stood still for {PATIENCE_S:.0f} s")
        time.sleep(0.1)


def kinds_after(url: str, search: Search, seq: int) -> list[str]:
    """Types of the search's events after that number; none while the API does not answer."""
    with contextlib.suppress(OSError):
        page = f"{url}/v1/searches/{search.id}/events?format=json&limit=10000&from_seq={seq}"
        with urllib.request.urlopen(page, timeout=PATIENCE_S) as answer:  # noqa: S310 - our own service
            return [event["type"] for event in json.load(answer)["items"]]
    return []


def faults(search: Search, trials: int, expected: list[str]) -> list[str]:
    """What does not hold of a search that has ended."""
    events = list(search.watch())
    rows = list(search.trials())
    told = Counter(event.data["number"] for event in events if event.type == "trial.told")
    found = {
        f"it ended {search.state}: {search.state_message}": search.state != "SUCCEEDED",
        f"{len(rows)} trials instead of {trials}": [row.number for row in rows] != list(range(trials)),
        f"results told more than once: {told}": set(told.values()) != {1} or len(told) != trials,
        "events are missing or doubled": [event.seq for event in events] != list(range(1, len(events) + 1)),
        "not the architectures of the undisturbed search": [row.architecture_id for row in rows] != expected,
    }
    return [fault for fault, holds in found.items() if holds]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--train-images", type=int, help="of a trial; all by default")
    parser.add_argument("--executor", default="ray")
    parser.add_argument("--database", help="URL of an empty database; default SQLite")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--promised", type=float, default=PROMISED_S, help="seconds within which a search must go on")
    given = parser.parse_args()
    rng = random.Random(given.seed)
    parts = ["api", "dispatcher", "worker"] + (["raylet", "gcs"] if given.executor.startswith("ray") else [])
    kills = [parts[number % len(parts)] for number in range(given.kills)]
    rng.shuffle(kills)
    spec = {**SPEC, "max_trials": given.trials}
    spec["evaluator"] = {**SPEC["evaluator"], "train_images": given.train_images}
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, executor {given.executor}"
    )
    wrong, times = [], []
    with tempfile.TemporaryDirectory() as folder:
        with service(Path(folder) / "calm", given.executor, None) as running:
            expected = undisturbed(running, spec)
        print(f"undisturbed: {len(expected)} trials", flush=True)
        searches = 0
        while kills:
            searches += 1
            with service(Path(folder) / f"disturbed-{searches}", given.executor, given.database) as running:
                search, killed = disturbed(running, spec, kills, rng)
                times += killed
                wrong += faults(search, given.trials, expected)
            print(f"search {searches}: {len(killed)} kills, {search.state}", flush=True)
    slowest = {
        part: max(seconds for killed, seconds in times if killed == part) for part in sorted({p for p, _ in times})
    }
    print(json.dumps({"kills": len(times), "searches": searches, "slowest_s": slowest, "faults": wrong}, indent=1))
    sys.exit(bool(wrong) or any(seconds > given.promised for seconds in slowest.values()))


if __name__ == "__main__":
    main()
