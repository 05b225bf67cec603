"""Products of packed values on every level of this machine, against torch in floating point."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.binary.operator import binary_matmul as operator
from nas.binary.product import Weights, binary_matmul, pixel_signs, signs, sums
from nas.binary.window import Window
from nas.binary.words import pack, pack_planes, unpack
from nas.errors import InvalidArchitectureError, SpecError
from nas.native import binary, library


@pytest.fixture(params=binary.levels())
def level(request, monkeypatch):
    monkeypatch.setenv(binary.VARIABLE, request.param)


def signed(values):
    return np.where(values >= 0, 1, -1)


def convolved(x, weights, window):
    """In 64-bit floats: x [images, height, width, channels] and weights as torch has them."""
    images = torch.from_numpy(np.asarray(x, np.float64)).permute(0, 3, 1, 2)
    found = torch.conv2d(images, torch.from_numpy(signed(weights) * 1.0), stride=window.stride, padding=window.padding)
    return found.permute(0, 2, 3, 1).numpy().astype(np.int64)


@st.composite
def convolutions(draw):
    """Values and weights, both to be signed, and a window that fits."""
    images, channels, outputs = draw(st.integers(1, 3)), draw(st.integers(1, 130)), draw(st.integers(1, 130))
    height, width = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    kernel = (draw(st.integers(1, height)), draw(st.integers(1, width)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    x = rng.standard_normal((images, height, width, channels))
    window = Window(kernel, draw(st.integers(1, 3)), draw(st.integers(0, 2)))
    return x, rng.standard_normal((outputs, channels, *kernel)), window


@given(st.integers(1, 200), st.integers(0, 2**32))
def test_words_hold_the_signs(bits, seed):
    values = np.random.default_rng(seed).integers(-1, 2, (3, bits))
    words = pack(values)
    assert words.shape == (3, -(-bits // 64))
    assert np.array_equal(unpack(words, bits), signed(values))
    assert not (unpack(words, 64 * words.shape[1])[:, bits:] > 0).any()


@given(st.integers(1, 200), st.integers(1, 8), st.integers(0, 2**32))
def test_a_plane_holds_one_bit_of_each_integer(count, planes, seed):
    integers = np.random.default_rng(seed).integers(0, 256, (2, 3, count), np.uint8)
    words = pack_planes(integers, planes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nas.binary.words.library", lambda: None)
        assert np.array_equal(words, pack_planes(integers, planes))
    for plane in range(planes):
        assert np.array_equal(unpack(words[:, :, plane], count) > 0, integers >> plane & 1 > 0)


def test_what_does_not_fit_is_refused():
    x, weights = pack(np.ones((1, 4, 4, 70))), Weights.of(np.ones((5, 70, 3, 3)))
    for window in (Window((2, 2)), Window((3, 2)), Window((1, 1))):
        with pytest.raises(InvalidArchitectureError, match="weights of 18 words do not fit a window of"):
            sums(x, weights, window)
    with pytest.raises(InvalidArchitectureError, match="in an image of 2 x 4"):
        sums(x[:, :2], weights, Window((3, 3)))
    with pytest.raises(InvalidArchitectureError, match="weights of 630 inputs do not fit"):
        pixel_signs(np.ones((1, 4, 4, 1), np.uint8), weights, np.zeros(5, np.int32), Window((3, 3)))


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 5, 70), (6, 130, 1000), (261, 65, 130), (5, 64, 7000)])
@pytest.mark.usefixtures("level")
def test_matrix_products_are_exact(shape):
    rows, columns, bits = shape
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((rows, bits)), rng.standard_normal((columns, bits))
    a[0, 0] = 0.0
    assert np.array_equal(binary_matmul(pack(a), pack(b), bits), signed(a) @ signed(b).T)


@settings(max_examples=40)
@given(convolutions(), st.sampled_from(binary.levels()))
def test_convolutions_are_exact(convolution, level):
    x, weights, window = convolution
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(binary.VARIABLE, level)
        found = sums(pack(x), Weights.of(weights), window)
        expected = convolved(signed(x), weights, window)
        assert np.array_equal(found, expected)
        thresholds = np.arange(len(weights), dtype=np.int32) - len(weights) // 2
        assert np.array_equal(signs(pack(x), Weights.of(weights), thresholds, window), pack(expected - thresholds))


@settings(max_examples=40)
@given(convolutions(), st.sampled_from(binary.levels()), st.sampled_from([1, 2, 8]))
def test_planes_stand_for_odd_numbers(convolution, level, planes):
    x, weights, window = convolution
    integers = (np.abs(x) * 1000).astype(np.int64).astype(np.uint8) >> (8 - planes)
    expected = convolved(2.0 * integers - (2**planes - 1), weights, window)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(binary.VARIABLE, level)
        assert np.array_equal(sums(pack_planes(integers, planes), Weights.of(weights), window), expected)
        if planes == 8:
            thresholds = np.arange(len(weights), dtype=np.int32)
            found = pixel_signs(integers, Weights.of(weights, is_dense=True), thresholds, window)
            assert np.array_equal(found, pack(expected - thresholds))


def test_the_fastest_level_runs_unless_one_is_named(monkeypatch):
    monkeypatch.delenv(binary.VARIABLE, raising=False)
    assert binary.level() == binary.levels()[0]
    monkeypatch.setenv(binary.VARIABLE, "fp32")
    assert binary.level() == "fp32"
    monkeypatch.setenv(binary.VARIABLE, "abacus")
    with pytest.raises(SpecError, match="NAS_BINARY_KERNEL=abacus: this machine has no such level"):
        binary.level()


@pytest.mark.skipif(library() is None, reason="needs the native library: install nas where there is a C compiler")
def test_the_limit_counts_the_bits_of_all_rounds():
    for name in set(binary.levels()) & set(binary.NATIVE_LEVELS):
        once = binary.limit_bits(name, 1)
        assert once >= 64
        assert binary.limit_bits(name, 1000) == 1000 * once


def test_torch_keeps_the_operator_as_one_node():
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((3, 100)), rng.standard_normal((4, 100))
    words = [torch.from_numpy(pack(values).view(np.int64)) for values in (a, b)]
    torch.library.opcheck(operator, (*words, 100), test_utils=("test_schema", "test_faketensor"))
    assert np.array_equal(operator(*words, 100).numpy(), signed(a) @ signed(b).T)
