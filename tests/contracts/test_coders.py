"""Each coder keeps its promises: exact, bounded, and the same bytes with and without the native library."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.coder import Alphabet, coder
from nas.coders import context
from nas.errors import FormatError
from nas.native import library
from nas.ops import Shape


@st.composite
def tensors(draw):
    """Codes and their alphabet: dense, sparse and empty ones, of 1 to 256 levels, with and without a level 0."""
    levels = draw(st.sampled_from([1, 2, 3, 4, 5, 9, 16, 17, 200, 256]))
    zero = draw(st.none() | st.integers(0, levels - 1))
    alphabet = Alphabet(draw(st.integers(1, 5)), Shape(*(draw(st.integers(1, 5)) for _ in range(3))), levels, zero)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    codes = rng.integers(0, levels, alphabet.size)
    if zero is not None:
        codes[rng.random(alphabet.size) < draw(st.floats(0, 1))] = zero
    return codes.astype(np.uint8), alphabet


@pytest.mark.parametrize("name", list(coder))
@given(tensors())
def test_what_was_written_is_read_again(name, tensor):
    codes, alphabet = tensor
    made = coder.make(name)
    assert np.array_equal(made.decode(made.encode(codes, alphabet), alphabet), codes)


@pytest.mark.parametrize("name", list(coder))
@given(tensors(), st.binary(max_size=60))
def test_any_bytes_are_codes_of_the_alphabet_or_refused(name, tensor, data):
    alphabet = tensor[1]
    try:
        codes = coder.make(name).decode(data, alphabet)
    except FormatError:
        return
    assert codes.shape == (alphabet.size,)
    assert codes.max() < alphabet.levels


def test_coders_have_numbers_of_their_own():
    assert len({coder[name].number for name in coder}) == len(list(coder))


@pytest.mark.skipif(library() is None, reason="needs the native library: install a C compiler, and nas again")
@given(tensors(), st.binary(max_size=60))
def test_the_native_context_coder_agrees_with_its_definition(tensor, data):
    codes, alphabet = tensor
    stream = context.encode(codes, alphabet)
    made = coder.make("context")
    assert made.encode(codes, alphabet) == stream
    for some in (stream, data):
        assert np.array_equal(made.decode(some, alphabet), context.decode(some, alphabet))
