"""The size of layers as Deep Compression counts it (arXiv:1510.00149, tables 2 to 5), which is less than file bytes.

Counted are entries, fillers among them, with the bits of their weight and of their index, and a codebook of 32-bit
numbers. Biases, tables of Huffman codes and headers are not; nas.container counts all of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from nas.coders.relative_index import Entries, entries
from nas.container.file import Container
from nas.huffman import bits_of
from nas.ops.coded import CodedTensor
from nas.ops.layers import weighted_layers

FLOAT_BITS = 32
COLUMNS = (
    *("layer", "weights", "kept", "weight bits", "weight bits, H", "index bits", "index bits, H"),
    *("size, P+Q", "size, P+Q+H"),
)
"""P: pruned. Q: with a codebook. H: Huffman codes."""


@dataclass(frozen=True, slots=True)
class Account:
    """What a layer takes. weights: all, kept and pruned. weight_huffman_bits, index_huffman_bits: of all entries."""

    name: str
    weights: int
    kept: int
    entries: int
    weight_bits: int
    weight_huffman_bits: int
    index_bits: int
    index_huffman_bits: int

    @property
    def quantized_bits(self) -> int:
        """After pruning and quantization (P+Q)."""
        return self.entries * (self.weight_bits + self.index_bits) + self._codebook_bits

    @property
    def coded_bits(self) -> int:
        """With Huffman codes too (P+Q+H)."""
        return self.weight_huffman_bits + self.index_huffman_bits + self._codebook_bits

    @property
    def _codebook_bits(self) -> int:
        return FLOAT_BITS << self.weight_bits


def account(name: str, weights: int, entries: Entries, zero: int, levels: int) -> Account:
    """The account of a layer of so many weights, with 2 or more levels and their codebook of a power of two."""
    bits = max(1, (levels - 1).bit_length())
    by_index, by_weight = np.bincount(entries.indices), np.bincount(entries.weights)
    kept = int((entries.weights != zero).sum())
    return Account(
        name, weights, kept, entries.weights.size, bits, bits_of(by_weight), entries.index_bits, bits_of(by_index)
    )


def accounts(container: Container, index_bits: int) -> list[Account]:
    """Of the layers whose weights are codes. Without a level 0, all weights are entries, and have no index."""
    found = []
    for layer in weighted_layers(container.network):
        tensor = container.tensors[layer.path][0]
        if isinstance(tensor, CodedTensor):
            codes, zero = tensor.codes.ravel(), tensor.zero
            made = Entries(codes.astype(np.int64), np.zeros(0, np.int64), 0)
            if zero is not None:
                made = entries(codes, zero, index_bits)
            found.append(account(layer.path, codes.size, made, -1 if zero is None else zero, len(tensor.levels)))
    return found


def percent(bits: float, weights: int) -> float:
    """Of what the weights take as 32-bit numbers."""
    return 100 * bits / (FLOAT_BITS * weights)


def rows(accounts: Iterable[Account]) -> list[Sequence[str]]:
    """The paper's table: COLUMNS of each layer, and of all. Bits are means over entries."""
    found = list(accounts)
    return [_row(each.name, [each]) for each in found] + [_row("total", found)]


def _row(name: str, parts: Sequence[Account]) -> Sequence[str]:
    weights = sum(part.weights for part in parts)
    entries = max(1, sum(part.entries for part in parts))
    return (
        name,
        f"{weights:,}",
        f"{100 * sum(part.kept for part in parts) / weights:.1f} %",
        f"{sum(part.entries * part.weight_bits for part in parts) / entries:.1f}",
        f"{sum(part.weight_huffman_bits for part in parts) / entries:.1f}",
        f"{sum(part.entries * part.index_bits for part in parts) / entries:.1f}",
        f"{sum(part.index_huffman_bits for part in parts) / entries:.1f}",
        f"{percent(sum(part.quantized_bits for part in parts), weights):.2f} %",
        f"{percent(sum(part.coded_bits for part in parts), weights):.2f} %",
    )
