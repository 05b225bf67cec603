"""A table of kernels that was never measured."""

from random import Random

from latency_db.records.signatures import context_signature, kernel_signature
from nas.ops.cost import network_cost
from nas.ops.kernels import kernels


def table(elsewhere, networks, share=1.0):
    """Records of a share of the kernels, on a device that computes 10^6 multiply-adds in 0.1 ms."""
    all_kernels = list(dict.fromkeys(kernel for network in networks for kernel in kernels(network)))
    records = elsewhere.empties()
    contexts = {context_signature(kernel).key: kernel.context() for kernel in all_kernels}
    for key, network in contexts.items():
        if all(record.signature.key != key for record in records):
            records.append(elsewhere.record(key, 0.01 + network_cost(network).macs * 1e-7))
    for kernel in Random(1).sample(all_kernels, round(share * len(all_kernels))):
        ms = 0.02 + network_cost(kernel.in_context()).macs * 1e-7
        records.append(elsewhere.record(kernel_signature(kernel).key, ms))
    return records
