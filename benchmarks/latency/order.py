"""Claim: measured by gain, a table needs about half of the kernels that it needs by frequency for the same error of
random networks; and the expected error that is reported while it is built is not below the one that they have.

Replays the measurements of a database that benchmarks/latency/networks.py has filled: nothing is measured. Its networks
are the space, its kernels what is measured batch by batch; the truth is the sum of all kernels.

Command: python benchmarks/latency/order.py --location networks.db
"""

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from latency_db.devices.device import Device
from latency_db.estimating.estimator import Estimator
from latency_db.profiling.build import TableBuilder, TableReport
from latency_db.profiling.measurer import Measurer
from latency_db.profiling.survey import Draw
from latency_db.records.record import Kind
from latency_db.records.reference_models import EMPTY_NETWORK
from latency_db.records.signatures import kernel_signatures
from latency_db.storing.store import Store
from nas.errors import NotationError
from nas.ops import Network
from nas.ops.kernels import Kernel, kernels
from nas.ops.notation import read_network


class Replay(Measurer):
    """Measures a kernel by looking into another store."""

    def __init__(self, store: Store, device: Device, known: Store) -> None:
        super().__init__(store, device)
        self._known = known
        store.add(known.latest(device, Kind.NETWORK, [EMPTY_NETWORK.key]).values())

    def measure_kernels(self, wanted: Sequence[Kernel], **_: Any) -> int:
        keys = {signature.key for kernel in wanted for signature in kernel_signatures(kernel)}
        self.store.add(self._known.latest(self.device, Kind.KERNEL, keys).values())
        self.estimator.predictor.reread(wanted)
        return len(wanted)


class ByFrequency(TableBuilder):
    """Measures the most frequent kernels first, whatever the survey shows."""

    def survey(self) -> None:
        super().survey()
        self._order = ()


def known_networks(store: Store, device: Device) -> Iterator[Network]:
    """Those of the database of which every kernel is measured."""
    estimator = Estimator(store, device)
    for key in store.values(device, Kind.NETWORK):
        try:
            network = read_network(key)
        except NotationError:
            continue
        if len(list(kernels(network))) > 1 and not estimator.unmeasured(kernels(network)):
            yield network


def replay(kind: type[TableBuilder], location: Path, known: Store, device: Device, networks: Sequence[Network]) -> None:
    frequencies = Counter(kernel for network in networks for kernel in kernels(network))
    ordered = {kernel: count / len(networks) for kernel, count in frequencies.most_common()}
    draw: Draw = lambda rng: rng.choice(networks)  # noqa: E731 - a name says what it is
    full = Estimator(known, device)
    truth = full.predict(full.index(networks), calibrated=False).ms
    measurer = Replay(Store(location), device, known)
    table = kind(measurer, ordered, draw)
    while table.missing:
        table.measure_batch()
        report = table.report(0, 0)
        if report.expected_error is not None:
            found = measurer.estimator.predict(measurer.estimator.index(networks), calibrated=False).ms
            print(line(kind.__name__, report, np.abs(found / truth - 1)), flush=True)


def line(name: str, report: TableReport, errors: np.ndarray) -> str:
    held = report.held_out
    held_out = f"{held.median:7.1%} {held.p90:7.1%} {held.network:8.1%}" if held else " " * 24
    return (
        f"{name:12} {report.measured:6} {report.coverage:8.1%} {held_out} {report.expected_error:9.2%} "
        f"{errors.mean():7.2%} {np.quantile(errors, 0.9):7.2%}"
    )


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--location", required=True, help="the filled database, a path or URL")
    asked.add_argument("--device", default="local-cpu-1t")
    given = asked.parse_args()
    from latency_db.storing.known_devices import find_device  # noqa: PLC0415 - after the arguments are known to be right

    known = Store(given.location)
    device = find_device(known, given.device)
    networks = list(known_networks(known, device))
    Random(0).shuffle(networks)
    print(f"{len(networks)} networks, {len({k for n in networks for k in kernels(n)})} kernels")
    print(
        f"{'order':12} {'kernels':>6} {'coverage':>8} held_out: median, p90, network; expected error, error: mean, p90"
    )
    for kind in (TableBuilder, ByFrequency):
        with TemporaryDirectory() as folder:
            replay(kind, Path(folder) / "replay.db", known, device, networks)


if __name__ == "__main__":
    main()
