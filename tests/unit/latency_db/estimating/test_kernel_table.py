from random import Random

import numpy as np
import pytest

from latency_db.estimating.kernel_table import KernelLatency, KernelTable
from nas.ops import Conv, Shape
from nas.ops.kernels import Kernel

KERNELS = [Kernel(Conv(channels), Shape(8, 4, 4)) for channels in range(1, 101)]


def test_sums_are_those_of_the_slow_obvious_version():
    rng, table, latencies = Random(0), KernelTable(), {}
    for kernel in KERNELS:
        latencies[kernel] = KernelLatency(*(rng.random() for _ in KernelLatency._fields))
        table.put(kernel, latencies[kernel])
    networks = [rng.choices(KERNELS, k=rng.randrange(12)) for _ in range(200)]
    networks[7] = networks[-1] = []

    found = table.sums(table.index(networks))

    for number, network in enumerate(networks):
        slow = [sum(latencies[kernel][field] for kernel in network) for field in range(len(KernelLatency._fields))]
        assert [column[number] for column in found] == pytest.approx([*slow, len(network)])


def test_a_latency_is_replaced_in_its_row():
    table = KernelTable()
    table.put(KERNELS[0], KernelLatency(interpolated_ms=2.0))
    indexed = table.index([KERNELS[:1] * 3])

    table.put(KERNELS[0], KernelLatency(measured_ms=1.0))

    assert table.sums(indexed).ms.tolist() == [3.0]


def test_without_networks_there_are_no_sums():
    assert len(KernelTable().sums(KernelTable().index([])).ms) == 0


def test_sums_of_some_of_the_networks():
    table = KernelTable()
    table.put(KERNELS[0], KernelLatency(measured_ms=1.0))
    sums = table.sums(table.index([KERNELS[:1] * count for count in range(5)]))

    assert sums.select(np.array([4, 1])).measured_ms.tolist() == [4.0, 1.0]
