"""Signs: their convention, their gradient, and batch norms before them as thresholds (arXiv:1602.02830)."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nas.ops.thresholds import thresholds
from nas.ops.torch_reading.activations import Sign

ORDINARY = st.floats(-(2.0**60), 2.0**60, width=32)


def test_the_sign_of_zero_is_one():
    """Of both zeros, and with one word for what is below: -1."""
    x = torch.tensor([-2.0, -1e-45, -0.0, 0.0, 1e-45, 3.0])
    assert Sign()(x).tolist() == [-1, -1, 1, 1, 1, 1]


def test_the_gradient_passes_where_the_input_is_within_one():
    """g_r = g_q 1_{|r| <= 1}: section 1.3."""
    x = torch.tensor([-1.5, -1.0, -0.2, 0.0, 1.0, 1.001], requires_grad=True)
    Sign()(x).backward(torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))
    assert x.grad.tolist() == [0, 2, 3, 4, 5, 0]


def test_stochastic_signs_are_drawn_in_training_alone():
    """+1 comes with the hard sigmoid of x: equation 2."""
    sign = Sign()
    sign.stochastic = True
    x = torch.tensor([-1.0, -0.5, 0.0, 0.5, 1.0]).repeat(20_000, 1)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        share = (sign(x) == 1).float().mean(0)
    assert share.tolist() == pytest.approx([0, 0.25, 0.5, 0.75, 1], abs=0.02)
    assert torch.equal(sign.eval()(x), torch.where(x >= 0, 1.0, -1.0))


@given(arrays(np.float32, 3, elements=ORDINARY), arrays(np.float32, 3, elements=ORDINARY), st.data())
def test_a_threshold_is_the_sign_of_the_batch_norm_for_every_number(scale, shift, data):
    """Bit for bit, at the threshold, beside it, and at any other number."""
    found = thresholds(scale, shift)
    at = np.clip(found.threshold, -np.finfo(np.float32).max, np.finfo(np.float32).max)
    drawn = data.draw(arrays(np.float32, 3, elements=st.floats(allow_nan=False, allow_infinity=False, width=32)))
    with np.errstate(over="ignore"):
        for x in (at, np.nextafter(at, np.float32(0)), np.nextafter(at, at * 2), -at, drawn, np.zeros_like(at)):
            if np.isfinite(x).all():
                expected = np.where(x * scale + shift >= 0, 1, -1)
                assert np.array_equal(np.where(x >= found.threshold, found.above, found.below), expected)


def test_a_channel_without_scale_has_one_sign():
    found = thresholds(np.zeros(3, np.float32), np.array([-1, 0, 1], np.float32))
    assert found.threshold.tolist() == [np.inf, -np.inf, -np.inf]
