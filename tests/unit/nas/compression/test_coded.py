"""Weights as codes."""

import numpy as np
import pytest

from nas.ops.coded import CodedTensor, coded

LEVELS = np.array([-0.5, 0, 2], np.float32)
CODES = np.array([[0, 1, 1], [2, 1, 0]], np.uint8)


def test_values_are_levels_times_the_scale_of_the_output():
    tensor = CodedTensor(CODES, LEVELS).scaled(np.array([1, 10], np.float32))
    assert tensor.values().tolist() == [[-0.5, 0, 0], [20, 0, -5]]
    assert (tensor.bits, tensor.zero, tensor.density) == (2, 1, 0.5)


def test_any_tensor_of_few_values_has_codes():
    values = CodedTensor(CODES, LEVELS).values()
    made = coded(values)
    assert np.array_equal(made.values(), values)
    assert np.array_equal(made.codes, CODES)
    with pytest.raises(ValueError, match="257 different values"):
        coded(np.arange(257, dtype=np.float32))


@pytest.mark.parametrize(
    ("codes", "levels", "scale", "fault"),
    [
        (CODES, LEVELS[::-1], None, "ascending"),
        (CODES, LEVELS[:2], None, "code 2 stands for none"),
        (CODES, np.array([], np.float32), None, "0 levels"),
        (CODES, LEVELS, np.ones(3, np.float32), "one factor for each of 2"),
    ],
)
def test_what_is_no_coded_tensor_is_refused(codes, levels, scale, fault):
    with pytest.raises(ValueError, match=fault):
        CodedTensor(codes, levels, scale)
