"""Claim: the ONNX graph of a block is built in less than 5 ms.

Builds each kernel that a space's networks ask for, in its context and with its weights, as it is measured, from nothing
to the bytes of the file.

Machine, versions and n are printed; results: docs/results/agent.md
Command: python benchmarks/block_graph.py --space mobile
"""

import argparse
import time

import numpy as np
import onnx

from latency_db.devices.local import local_device
from latency_db.measuring.environment import environment
from latency_db.profiling.kernel_frequencies import kernel_frequencies
from latency_db.records.signatures import network_model
from nas.spaces import load_space

WANTED_MS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--space", default="mobile")
    parser.add_argument("--blocks", type=int, default=500, help="the most frequent ones")
    given = parser.parse_args()

    wanted = list(kernel_frequencies(load_space(given.space)))[: given.blocks]
    network_model(wanted[0].in_context())  # imports
    ms, sizes = [], []
    for kernel in wanted:
        start = time.perf_counter()
        model = network_model(kernel.in_context())
        ms.append(1e3 * (time.perf_counter() - start))
        sizes.append(len(model))
    print(f"{local_device('local-cpu-1t').fingerprint}; onnx {onnx.__version__}; load {environment()['load_1min']}")
    median, p90, p99 = np.quantile(ms, (0.5, 0.9, 0.99))
    print(f"{len(ms)} blocks of {given.space}, {min(sizes) / 1e3:.0f}-{max(sizes) / 1e3:.0f} kB")
    print(f"build of one, ms: median {median:.2f}, p90 {p90:.2f}, p99 {p99:.2f}, largest {max(ms):.2f}")
    print(f"in less than {WANTED_MS} ms: {np.mean(np.array(ms) < WANTED_MS):.1%}")


if __name__ == "__main__":
    main()
