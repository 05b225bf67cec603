"""Damaged and hostile files: what benchmarks/hostile_files.py checks a hundred thousand of."""

import numpy as np
import pytest

from nas.compressing.files import unpacked
from nas.container.entries import linear
from nas.container.file import Storage, read, write
from nas.errors import FormatError
from nas.ops.coded import CodedTensor
from nas.ops.notation import read_network
from nas.ops.onnx_graph import RandomWeights
from nas.testing.drawn_files import PROPERTIES, _Parts
from nas.testing.hostile_files import MOST_PARAMS, allowed_bytes, check_files

NETWORK = read_network("1x4x4: linear_2")


def file_with(properties: str) -> bytes:
    parts = _Parts(write(NETWORK, RandomWeights(0), {}, Storage()))
    parts.properties = properties
    return parts.file()


def test_files_and_streams_keep_the_readers_promises():
    found = check_files(200, seed=1)
    assert found.total() == 400
    assert {"whole, read", "damaged, refused", "hostile, read", "stream of context, read"} <= set(found)


@pytest.mark.parametrize("properties", PROPERTIES, ids=lambda text: text[:40])
def test_properties_that_say_nothing_useful_are_refused(properties):
    with pytest.raises(FormatError, match=r"its (properties|quantization|ranges)"):
        unpacked(file_with(properties))


@pytest.mark.parametrize("coder", ["raw", "relative_index", "context"])
def test_a_level_that_16_bits_round_to_0_is_read_as_pruned(coder):
    codes = np.array([[0, 1, 2, 1] * 4] * 2, np.uint8)

    class Small:
        def layer(self, path, shape):  # noqa: ARG002 - one layer
            return CodedTensor(codes, np.array([-1, 1e-9, 1], np.float32)), np.zeros(shape[0])

    found = read(write(NETWORK, Small(), {}, Storage(coder, half=True))).tensors["0.linear"][0]
    assert found.codes.tolist() == codes.tolist()
    assert found.levels.tolist() == [-1, 0, 1]


def test_levels_as_far_apart_as_numbers_can_be_are_read():
    class Wide:
        def layer(self, path, shape):  # noqa: ARG002 - one layer
            levels = np.array([-3e38, 0, 3e38], np.float32)
            return CodedTensor(np.arange(np.prod(shape)).reshape(shape).astype(np.uint8) % 3, levels), np.zeros(
                shape[0]
            )

    found = read(write(NETWORK, Wide(), {}, Storage(half=True))).tensors["0.linear"][0]
    assert found.levels.tolist() == np.array([-3e38, 0, 3e38], np.float32).tolist()


def test_the_bound_is_far_below_what_a_lying_file_asks_for():
    assert allowed_bytes(b"") + MOST_PARAMS < 1 << 21


def test_linear_levels_beyond_the_largest_number_are_infinite():
    assert linear(3e38, 3e38, 3).tolist() == pytest.approx([np.float32(3e38), np.inf, np.inf])
