"""Deep Compression's format: entries as the paper draws them, and sizes as the paper counts them."""

import numpy as np
import pytest

from nas.coder import Alphabet, coder
from nas.coders.relative_index import WIDTHS, best, entries
from nas.compressing.accounting import account, accounts, percent, rows
from nas.container.file import Storage, read, write
from nas.errors import FormatError
from nas.ops import Shape
from nas.ops.coded import CodedTensor
from nas.ops.notation import read_network


def layer(size, density, seed=0):
    rng = np.random.default_rng(seed)
    codes = np.full(size, 3, np.uint8)
    kept = rng.random(size) < density
    codes[kept] = rng.choice([0, 1, 2, 4, 5, 6, 7], kept.sum())
    return codes


def test_entries_are_those_of_the_papers_figure():
    codes = np.zeros(16, np.uint8)
    codes[[1, 4, 15]] = 5, 6, 7  # figure 2: differences of at most 8, in 3 bits
    made = entries(codes, 0, 3)
    assert made.weights.tolist() == [5, 6, 0, 7]
    assert (made.indices + 1).tolist() == [2, 3, 8, 3]


@pytest.mark.parametrize("density", [0, 0.003, 0.08, 0.7, 1])
def test_the_best_width_is_the_shortest_stream_up_to_the_tables(density):
    codes = layer(6_000, density)
    alphabet = Alphabet(10, Shape(600, 1, 1), 8, 3)
    sizes = {
        width: len(coder.make({"name": "relative_index", "index_bits": width}).encode(codes, alphabet))
        for width in WIDTHS
    }
    stream = coder.make("relative_index").encode(codes, alphabet)
    assert len(stream) == sizes[best(codes, alphabet).index_bits] <= min(sizes.values()) + 64


def test_an_account_counts_entries_and_codebook():
    codes = layer(40_000, 0.1)
    made = entries(codes, 3, 5)
    found = account("fc", codes.size, made, 3, 8)
    stepped = sum(1 + gap // 32 for gap in np.diff(np.flatnonzero(codes != 3), prepend=-1) - 1)
    assert found.entries == made.weights.size == stepped
    assert found.quantized_bits == stepped * 8 + 8 * 32
    alphabet = Alphabet(40, Shape(1000, 1, 1), 8, 3)
    stream = coder.make({"name": "relative_index", "index_bits": 5}).encode(codes, alphabet)
    tables = 8 * len(stream) - (found.coded_bits - 8 * 32)
    assert 36 < tables < 36 + 4 * (8 + 32) + 8
    assert rows([found])[0][-2:] == (
        f"{percent(found.quantized_bits, 40_000):.2f} %",
        f"{percent(found.coded_bits, 40_000):.2f} %",
    )


def test_entries_behind_the_end_are_refused():
    alphabet = Alphabet(2, Shape(40, 1, 1), 8, 3)
    stream = coder.make("relative_index").encode(layer(80, 0.3), alphabet)
    with pytest.raises(FormatError, match=r"behind the last|more entries"):
        coder.make("relative_index").decode(stream, Alphabet(1, Shape(40, 1, 1), 8, 3))


def test_accounts_of_a_file_count_its_coded_layers():
    class Weights:
        def layer(self, path, shape):
            levels = np.array([-1, 0, 1] if path == "0.linear" else [-1, 1], np.float32)
            codes = layer(int(np.prod(shape)), 0.2).reshape(shape) % len(levels)
            return CodedTensor(codes, levels), np.zeros(shape[0], np.float32)

    network = read_network("1x8x8: linear_20 linear_5")
    first, last = accounts(read(write(network, Weights(), {}, Storage())), 4)
    assert (first.name, first.index_bits, first.weights, first.weight_bits) == ("0.linear", 4, 1280, 2)
    assert (last.kept, last.entries, last.index_bits, last.quantized_bits) == (100, 100, 0, 100 + 2 * 32)
