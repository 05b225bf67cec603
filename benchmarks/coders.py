"""Claim: files of the context coder are a fifth smaller than those in Deep Compression's format, and a tenth smaller
than those in that format with the best width of its indices, on the same networks.

    python benchmarks/coders.py lenet/model.naz lenet5/model.naz

The files are of `nas compress`, whose last stage is entropy_coding. Each is written again in every coder, with the same
numbers besides; sizes are those of whole files, and of the streams alone. "As in the paper" is an index of 5 bits, with
levels and biases in 32 bits, whatever the file has; the tables of Huffman codes are counted.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from nas.coder import Alphabet, coder
from nas.compressing.accounting import COLUMNS, accounts, rows
from nas.container.file import Container, Storage, read, write
from nas.machine.processor import processor_name
from nas.machine.versions import versions
from nas.ops.coded import CodedTensor
from nas.ops.cost import network_cost
from nas.ops.layers import weighted_layers

PAPER_BITS = 5
FIVE_BITS = {"name": "relative_index", "index_bits": PAPER_BITS}
STORED = Storage("context", half=True, bias_bits=8)
WAYS = {
    "raw": replace(STORED, coder="raw"),
    "as in the paper": Storage(FIVE_BITS),
    "relative_index, 4 bits": replace(STORED, coder={"name": "relative_index", "index_bits": 4}),
    "relative_index, 5 bits": replace(STORED, coder=FIVE_BITS),
    "relative_index, 8 bits": replace(STORED, coder={"name": "relative_index", "index_bits": 8}),
    "relative_index, best": replace(STORED, coder="relative_index"),
    "context": STORED,
}


def coded(container: Container) -> list[tuple[str, CodedTensor, Alphabet]]:
    """The layers with codes: name, tensor, and what a coder knows of them."""
    found = []
    for layer in weighted_layers(container.network):
        tensor = container.tensors[layer.path][0]
        if isinstance(tensor, CodedTensor):
            found.append(
                (layer.path, tensor, Alphabet(len(tensor.codes), layer.field, len(tensor.levels), tensor.zero))
            )
    return found


def entropy_bytes(container: Container) -> float:
    """Of all codes, if each layer's were independent."""
    total = 0.0
    for _, tensor, _ in coded(container):
        counts = np.bincount(tensor.codes.ravel())
        shares = counts[counts > 0] / tensor.codes.size
        total -= tensor.codes.size * float((shares * np.log2(shares)).sum()) / 8
    return total


def compare(file: Path) -> None:
    container = read(file.read_bytes())
    fp32 = network_cost(container.network).size_bytes
    print(f"\n## {file}: {fp32:,} bytes in fp32, codes of independent weights {entropy_bytes(container):,.0f} bytes\n")
    sizes, streams = {}, {}
    for name, storage in WAYS.items():
        sizes[name] = len(write(container.network, container, container.properties, storage))
        made = coder.make(storage.coder)
        streams[name] = sum(len(made.encode(tensor.codes.ravel(), known)) for _, tensor, known in coded(container))
    print("| way | file bytes | times smaller | streams | context: file | context: streams |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, size in sizes.items():
        saved = (1 - sizes["context"] / size, 1 - streams["context"] / streams[name])
        print(f"| {name} | {size:,} | {fp32 / size:.1f} | {streams[name]:,} | -{saved[0]:.1%} | -{saved[1]:.1%} |")
    print("\nAs the paper counts, with indices of 5 bits:\n")
    for row in (COLUMNS, ["---"] * len(COLUMNS), *rows(accounts(container, PAPER_BITS))):
        print(f"| {' | '.join(row)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a .naz file")
    started = time.perf_counter()
    files = parser.parse_args().files
    print(f"{processor_name()}; {versions()}")
    for file in files:
        compare(file)
    print(f"\n{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
