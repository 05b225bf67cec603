"""Claim: a network measured again, in another process, has the same latency: median difference 1 % or less, 95 of 100
within 3 % on a quiet machine; beside two busy loops 90 of 100 within 5 %, or the machine is refused.

Each call measures the same random networks once, as finalists are measured, and keeps the numbers in a file; two such
files are compared. The busy loops are processes of their own. What one session alone would have said is compared too.

Machine, versions and n are printed with the table; results: docs/results/latency_repeat.md
Command: for each of a.json, b.json and busy.json --busy 2: python benchmarks/latency/repeat.py measure FILE;
         python benchmarks/latency/repeat.py compare a.json b.json busy.json
"""

import argparse
import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from latency_db.devices.device import Device
from latency_db.devices.local import local_device
from latency_db.errors import UnfitMachineError
from latency_db.measuring.environment import environment
from latency_db.measuring.measure import THOROUGH, check_fit, measure
from latency_db.records.consensus import consensus_records
from latency_db.records.record import LatencyRecord, RecordState, Statistic
from latency_db.records.reference_models import FIXED, REFERENCE_NETWORK
from latency_db.records.signatures import network_model, network_signature
from nas.spaces import load_space

LOOP = "while True: pass"


@contextmanager
def busy(count: int) -> Iterator[None]:
    loops = [subprocess.Popen([sys.executable, "-c", LOOP]) for _ in range(count)]  # noqa: S603 - ourselves
    time.sleep(0.5 if loops else 0.0)
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def found(given: argparse.Namespace, device: Device, known_ms: float | None) -> list[LatencyRecord]:
    space, rng = load_space(given.space), Random(given.seed)
    networks = {}
    while len(networks) < given.networks:
        network = space.sample(rng).architecture.expand()
        networks[network_signature(network)] = network
    models = {signature: network_model(network) for signature, network in networks.items()}
    with busy(given.busy):
        try:
            check_fit(device, known_ms=known_ms)
        except UnfitMachineError as error:
            print(f"refused: {error}")
            if not given.noisy:
                return []
        return measure(models, device, THOROUGH, seed=int(time.time()), known_ms=known_ms)


def summary(records: Sequence[LatencyRecord]) -> dict[str, Any]:
    by_key: dict[str, list[float]] = defaultdict(list)
    for record in records:
        by_key[record.signature.key].append(record.latency_ms)
    stands = consensus_records(record for record in records if record.signature not in FIXED)
    sessions = {record.session.uid: record.session for record in records}.values()
    return {
        "now": environment(),
        "reference_ms": consensus_records(records)[REFERENCE_NETWORK].latency_ms,
        "networks": {s.key: record.latency_ms for s, record in stands.items()},
        "first": {s.key: by_key[s.key][0] for s in stands},
        "sessions_each": [len(by_key[s.key]) for s in stands],
        "unstable": sum(record.state is RecordState.SUSPECT for record in stands.values()),
        "sessions": [[s.state, s.reason, s.reference_drift, dict(s.environment)] for s in sessions],
    }


def keep(given: argparse.Namespace) -> None:
    device = local_device(given.device)
    known_ms = json.loads(Path(given.known).read_text())["reference_ms"] if given.known else None
    start = time.monotonic()
    records = found(given, device, known_ms)
    if not records:
        return
    kept = summary(records) | {"device": {**device.fingerprint, "name": device.name}, "busy": given.busy}
    kept |= {"statistic": Statistic.of(device).meaning, "space": given.space, "seed": given.seed}
    Path(given.file).write_text(json.dumps(kept))
    counts, sessions = kept["sessions_each"], kept["sessions"]
    doubted = [reason for state, reason, *_ in sessions if state != RecordState.VALID]
    print(
        f"{given.file}: {given.busy} busy loops, {len(kept['networks'])} networks in {time.monotonic() - start:.0f} s"
    )
    print(f"sessions of a network {min(counts)}-{max(counts)}, mean {np.mean(counts):.1f}; unstable {kept['unstable']}")
    print(f"{len(doubted)} of {len(sessions)} sessions suspect: {sorted(set(doubted))}")
    print(f"cores {sessions[0][3]['cores']}, share of a core {[s[3]['cpu_share'] for s in sessions]}")


def compare(given: argparse.Namespace) -> None:
    first, *others = [json.loads(Path(name).read_text()) for name in given.files]
    ms = np.array(list(first["networks"].values()))
    print(f"{first['device']}; {first['now']}; {first['statistic']}")
    print(f"space {first['space']}, seed {first['seed']}: {len(ms)} networks, {ms.min():.3f}-{ms.max():.3f} ms\n")
    print("| measurement, against the first | value | bias | median | p90 | p95 | largest |")
    print("|---|---|---|---|---|---|---|")
    for number, other in enumerate(others, 2):
        both = [key for key in first["networks"] if key in other["networks"]]
        for kind, name in (("networks", "of the sessions"), ("first", "of the first session")):
            change = np.array([other[kind][key] / first[kind][key] - 1 for key in both])
            shown = [change.mean(), *np.quantile(np.abs(change), (0.5, 0.9, 0.95)), np.abs(change).max()]
            numbers = " | ".join(f"{value:.2%}" for value in shown)
            print(f"| {number}, {other['busy']} busy loops, n = {len(both)} | {name} | {numbers} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    measuring = commands.add_parser("measure")
    measuring.add_argument("file")
    measuring.add_argument("--device", default="local-cpu-1t")
    measuring.add_argument("--space", default="mobile")
    measuring.add_argument("--networks", type=int, default=100)
    measuring.add_argument("--seed", type=int, default=4)
    measuring.add_argument("--busy", type=int, default=0, help="processes that do nothing but run")
    measuring.add_argument("--known", help="file of an earlier measurement: what the reference network took then")
    measuring.add_argument("--noisy", action="store_true", help="measure on a machine that is refused")
    measuring.set_defaults(run=keep)
    comparing = commands.add_parser("compare")
    comparing.add_argument("files", nargs="+")
    comparing.set_defaults(run=compare)
    given = parser.parse_args()
    given.run(given)


if __name__ == "__main__":
    main()
