"""Sizes of expressions: closed forms, and what is refused."""

import pytest

from nas.errors import InvalidArchitectureError
from nas.ops import (
    BatchNorm,
    Concat,
    Conv,
    Dropout,
    GlobalPool,
    Identity,
    Linear,
    LocalResponseNorm,
    Network,
    PadChannels,
    Pool,
    Residual,
    Seq,
    Shape,
    Shuffle,
    SqueezeExcite,
    seq,
)
from nas.ops.cost import Cost, cost_of, network_cost

X = Shape(8, 12, 10)


@pytest.mark.parametrize(
    ("op", "shape", "params", "macs"),
    [
        (Conv(16, 3, 2), (16, 6, 5), 8 * 16 * 9 + 32, 8 * 16 * 9 * 30),
        (Conv(16, 3, groups=4), (16, 12, 10), 2 * 16 * 9 + 32, 2 * 16 * 9 * 120),
        (Conv(16, 5, padding=0, norm=False), (16, 8, 6), 8 * 16 * 25 + 16, 8 * 16 * 25 * 48),
        (Linear(10), (10, 1, 1), 960 * 10 + 10, 9600),
        (Pool(3, 2), (8, 6, 5), 0, 0),
        (Pool(3, 2, padding=0), (8, 5, 4), 0, 0),
        (Pool(3, 2, padding=0, ceil=True), (8, 6, 5), 0, 0),
        (GlobalPool(), (8, 1, 1), 0, 0),
        (BatchNorm("sign"), X, 16, 0),
        (Shuffle(4), X, 0, 0),
        (SqueezeExcite(2), X, 16 + 2 + 16 + 8, 32),
        (PadChannels(11), (11, 12, 10), 0, 0),
        (Identity(), X, 0, 0),
        (Dropout(0.5), X, 0, 0),
        (Residual(Conv(8, 3)), X, 8 * 8 * 9 + 16, 8 * 8 * 9 * 120),
        (Concat((Conv(4), Pool(3, 1))), (12, 12, 10), 8 * 4 + 8, 8 * 4 * 120),
        (seq(Conv(4), Conv(2, norm=False)), (2, 12, 10), 8 * 4 + 8 + 4 * 2 + 2, (32 + 8) * 120),
    ],
)
def test_sizes_are_the_closed_forms(op, shape, params, macs):
    """Output shape, params (weights, biases, batch-norm scale and shift) and macs on 8 channels of 12 x 10 pixels."""
    y, cost = cost_of(op, X)

    assert (y, cost.params, cost.macs) == (shape, params, macs)


def test_memory_is_the_largest_set_of_maps_alive():
    """In and output of the widest op of a sequence, 4 bytes a value."""
    cost = network_cost(Network(seq(Conv(4), Conv(64), Conv(4)), Shape(2, 3, 3)))

    assert cost.activations == (64 + 4) * 9
    assert cost.peak_memory_bytes == 4 * cost.activations
    assert cost.size_bytes == 4 * cost.params


def test_memory_of_a_residual_holds_its_input():
    """While the body's second convolution runs, the block's input waits for the addition."""
    _, cost = cost_of(Residual(seq(Conv(32), Conv(2))), Shape(2, 3, 3))

    assert cost.activations == (2 + 32 + 2) * 9


def test_nothing_costs_nothing():
    assert cost_of(Seq(()), X) == (X, Cost())


@pytest.mark.parametrize(
    ("op", "reason"),
    [
        (Conv(0), "a convolution to 0 channels"),
        (Conv(8, groups=0), "0 groups"),
        (Conv(8, groups=3), "8 input channels do not divide into 3 groups"),
        (Conv(9, groups=2), "9 output channels do not divide into 2 groups"),
        (Conv(8, 0), "a window of 0 pixels"),
        (Conv(8, 3, 0), "stride 0"),
        (Conv(8, 11, padding=0), "a 11x11 window does not fit on 10 pixels"),
        (Pool(2, 2, padding=2), "more than half"),
        (Linear(0), "a linear layer to 0 numbers"),
        (Shuffle(0), "0 groups"),
        (Shuffle(3), "8 channels do not shuffle between 3 groups"),
        (SqueezeExcite(0), "a squeeze to 0 numbers"),
        (LocalResponseNorm(4), "no middle"),
        (Dropout(1.0), "a dropout rate of 1.0"),
        (PadChannels(7), "8 channels cannot be padded to 7"),
        (Residual(Conv(9)), "a residual adds 9x12x10 to 8x12x10"),
        (Concat((Conv(8), Pool(3, 2))), "concatenated branches differ in size: 8x12x10, 8x6x5"),
    ],
)
def test_what_cannot_be_built_is_refused_with_the_reason(op, reason):
    with pytest.raises(InvalidArchitectureError, match=reason):
        cost_of(op, X)


@pytest.mark.parametrize(
    ("op", "x", "reason"),
    [
        (Linear(16_384), Shape(16_384, 1, 1), "268,451,840 parameters, more than 150,000,000"),
        (Identity(), Shape(64, 1024, 1024), "134,217,728 values in its feature maps at once, more than 67,108,864"),
        (Conv(4096, 5), Shape(1024, 32, 32), "107,374,182,400 multiply-adds, more than 68,719,476,736"),
        (Seq((Linear(9000),) * 3), Shape(9000, 1, 1), "243,027,000 parameters, more than"),
        (Concat((Linear(9000),) * 2), Shape(9000, 1, 1), "162,018,000 parameters, more than"),
        (Residual(Conv(20, 1), Conv(20, 1)), Shape(20, 1024, 1024), "83,886,080 values in its feature maps"),
        (Conv(8, 4001), Shape(1000, 28, 28), "128,064,008,016 parameters, more than"),
    ],
)
def test_what_is_beyond_the_limits_is_refused(op, x, reason):
    with pytest.raises(InvalidArchitectureError, match=reason):
        cost_of(op, x)
