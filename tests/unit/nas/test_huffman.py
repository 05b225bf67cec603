"""Huffman codes: as short as codes can be, within 15 bits, and read as they were written."""

import heapq

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.errors import FormatError
from nas.huffman import LONGEST, BitReader, BitWriter, bits_of, code_lengths


def bits_of_a_tree(counts):
    """Bits that all symbols take by Huffman's own algorithm, which knows no limit."""
    heap = [count for count in counts if count]
    heapq.heapify(heap)
    total = 0
    while len(heap) > 1:
        both = heapq.heappop(heap) + heapq.heappop(heap)
        total += both
        heapq.heappush(heap, both)
    return total or sum(counts)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40))
def test_lengths_are_optimal(counts):
    assert bits_of(np.array(counts)) == bits_of_a_tree(counts)


def test_lengths_of_counts_that_would_need_longer_codes_are_a_code_within_the_limit():
    counts = [1, 1]
    while len(counts) < 30:
        counts.append(counts[-1] + counts[-2])
    lengths = code_lengths(counts)
    assert lengths.max() == LONGEST
    assert sum(2.0**-length for length in lengths) == 1
    assert bits_of_a_tree(counts) <= bits_of(np.array(counts)) < 1.01 * bits_of_a_tree(counts)


@given(st.lists(st.sampled_from([0, 0, 0, 1, 2, 3, 7, 100, 255]), min_size=1, max_size=300), st.integers(0, 9))
def test_symbols_are_read_as_they_were_written(symbols, offset):
    counts = np.bincount(symbols, minlength=256)
    lengths = code_lengths(counts)
    writer = BitWriter()
    writer.put(np.array([1]), np.array([offset]))
    writer.put_table(lengths)
    writer.put_symbols(np.array(symbols), lengths)
    reader = BitReader(writer.finish())
    assert reader.take(offset) == (offset > 0)
    assert reader.take_table(256).tolist() == lengths.tolist()
    assert reader.take_symbols(len(symbols), lengths) == symbols
    reader.finish()


def test_codes_are_canonical():
    writer = BitWriter()
    writer.put_symbols(np.array([0, 1, 2, 3]), np.array([2, 1, 3, 3]))
    assert writer.finish() == bytes([0b10_0_110_11, 0b1_0000000])


@pytest.mark.parametrize("table", [b"\x11\x11", b"\x22", b"\x0f\x0f\x0f"], ids=["too many", "too few", "too long"])
def test_a_table_that_is_no_code_is_refused(table):
    with pytest.raises(FormatError, match="is none"):
        BitReader(table).take_table(4 if table != b"\x22" else 2)
