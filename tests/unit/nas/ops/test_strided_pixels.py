"""Convolutions of single pixels with a stride: the sums of any convolution, and no heap that oneDNN corrupts."""

import subprocess
import sys

import pytest
import torch
from processes import PATIENCE_S
from torch import nn

from nas.ops.notation import read_network
from nas.ops.torch_reading.module import SparseConv2d, build

TRAINED = """
import torch
from nas.ops.notation import read_network
from nas.ops.torch_reading.module import build
torch.set_num_threads(1)
network = read_network("8x48x48: conv_16_s2 [gap linear_3]")
net = build(network, 0).to(memory_format=torch.channels_last)
for _ in range(2):
    x = torch.randn(64, 8, 48, 48, requires_grad=True).contiguous(memory_format=torch.channels_last)
    net(x).sum().backward()
"""


@pytest.mark.parametrize("stride", [2, 3])
@pytest.mark.parametrize("groups", [1, 2])
def test_the_sums_and_gradients_are_those_of_any_convolution(stride, groups):
    torch.manual_seed(0)
    plain = nn.Conv2d(4, 6, 1, stride, groups=groups)
    sparse = SparseConv2d(4, 6, 1, stride, groups=groups)
    sparse.load_state_dict(plain.state_dict())
    x, y = (torch.randn(2, 4, 7, 8, generator=torch.Generator().manual_seed(1)).requires_grad_() for _ in range(2))

    expected, found = plain(x), sparse(y)
    expected.square().sum().backward()
    found.square().sum().backward()

    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(y.grad, x.grad)
    torch.testing.assert_close(sparse.weight.grad, plain.weight.grad)
    assert repr(sparse) == repr(plain)


def test_only_these_are_so():
    net = build(read_network("3x16x16: conv_8_k3_s2 conv_8_s2 conv_8 [gap linear_3]"), 0)

    kinds = [type(part) for part in net.modules() if isinstance(part, nn.Conv2d)]
    assert kinds == [nn.Conv2d, SparseConv2d, nn.Conv2d]


def test_few_channels_of_many_pixels_are_trained():
    """In a process of its own: what this guards against ends it."""
    done = subprocess.run([sys.executable, "-c", TRAINED], timeout=PATIENCE_S, check=False)

    assert done.returncode == 0
