"""Claim: a search that takes all memory ends itself alone; a harmless one beside it makes the choices it makes alone.

    python benchmarks/poison.py

The service runs in a group of processes with a limit of memory, as in a container (control groups, version 1 or 2; this
needs root). The first search takes memory without end while its images are loaded, in the dispatcher, which the kernel
then kills; so do the next dispatchers that claim it. It is to be FAILED, DISPATCHER_DIED, after three, and a harmless
search beside it to end with the trials that it has in a service of its own, each told once. In a second service the
trials of the first search take the memory of their workers; they are to fail, and the other search is to end likewise.
Exit code 1 if anything does not hold.
"""

import argparse
import contextlib
import json
import os
import platform
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kills import SPEC, Service, faults, service, undisturbed

GROUPS = Path("/sys/fs/cgroup")
PATIENCE_S = 3600.0

PLUGINS = {
    "sitecustomize.py": """
from pathlib import Path
import nas.datasets, nas.evaluators
for family in (nas.datasets, nas.evaluators):
    family.__path__.append(str(Path(__file__).parent / family.__name__.rpartition(".")[2]))
""",
    "datasets/poison.py": """
from nas.dataset import DatasetSource, dataset

@dataset("poison")
class Poison(DatasetSource):
    summary = "takes all memory"
    licence = "none"

    def load(self, seed):
        taken = []
        while True:
            taken.append(bytearray(b"x" * (64 << 20)))
""",
    "evaluators/poison.py": """
from nas.evaluator import evaluator
from nas.evaluators.train import TrainEvaluator

@evaluator("poison")
class Poison(TrainEvaluator):
    @property
    def cache_key(self):
        return None

    def evaluate(self, network, report):
        taken = []
        while True:
            taken.append(bytearray(b"x" * (64 << 20)))
""",
}


@contextlib.contextmanager
def memory_group(limit_bytes: int) -> Iterator[Path]:
    """A control group of this process' own with a limit of memory, without swap."""
    old = GROUPS / "memory"
    name = f"nas-poison-{secrets.token_hex(4)}"
    group = (old if old.is_dir() else GROUPS) / name
    try:
        group.mkdir()
        limit = "memory.limit_in_bytes" if old.is_dir() else "memory.max"
        (group / limit).write_text(str(limit_bytes))
    except OSError as error:
        raise SystemExit(f"{group}: {error.strerror}; run it as root, where control groups can be made") from None
    try:
        yield group
    finally:
        deadline = time.monotonic() + 30  # its last processes are ending
        while group.exists() and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                group.rmdir()
            time.sleep(0.2)


def beside(running: Service, poison: dict[str, Any], harmless: dict[str, Any], expected: list[str]) -> dict[str, Any]:
    """Run both searches; what became of them."""
    first = running.client.submit(poison, name="poison", priority=10)
    start = time.monotonic()
    second = running.client.submit(harmless, name="harmless")
    second = second.wait(timeout_s=PATIENCE_S)
    taken_s = time.monotonic() - start
    first = first.wait(timeout_s=PATIENCE_S)
    trials = [trial.state for trial in first.trials()]
    return {
        "poison": [first.state, first.state_reason, first.state_message],
        "its_trials": {state: trials.count(state) for state in sorted(set(trials))},
        "deaths": [event.data["deaths"] for event in first.watch() if event.data.get("deaths")],
        "deaths_of_harmless": [event.data["deaths"] for event in second.watch() if event.data.get("deaths")],
        "harmless_s": round(taken_s, 1),
        "faults": faults(second, harmless["max_trials"], expected),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--memory-gib", type=float, default=6.0)
    parser.add_argument("--executor", default="ray")
    given = parser.parse_args()
    harmless = {**SPEC, "max_trials": given.trials}
    poisons = {
        "dispatcher": {**harmless, "dataset": {"name": "poison"}},
        "worker": {**harmless, "evaluator": {"name": "poison", "epochs": 1}, "max_trials": 4},
    }
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, executor {given.executor}, "
        f"{given.memory_gib:g} GiB"
    )
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as name, memory_group(int(given.memory_gib * 2**30)) as group:
        folder = Path(name)
        for file, text in PLUGINS.items():
            (folder / "plugins" / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / "plugins" / file).write_text(text)
        more = {"PYTHONPATH": str(folder / "plugins")}
        with service(folder / "alone", given.executor, more=more) as running:
            start = time.monotonic()
            expected = undisturbed(running, harmless)
            print(f"alone: {len(expected)} trials in {time.monotonic() - start:.1f} s", flush=True)

        def enter() -> None:
            (group / "cgroup.procs").write_text(str(os.getpid()))

        for where, poison in poisons.items():
            with service(folder / where, given.executor, more=more, enter=enter) as running:
                found[where] = beside(running, poison, harmless, expected)
            print(where, json.dumps(found[where], indent=1), flush=True)
    set_aside = found["dispatcher"]["poison"][:2] == ["FAILED", "DISPATCHER_DIED"]
    sys.exit(not set_aside or any(one["faults"] for one in found.values()))


if __name__ == "__main__":
    main()
