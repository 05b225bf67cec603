"""Reading an expression as a torch module, with activations read by the module beside it.

Names of parameters are paths in the expression: `3.body.0.conv.weight` is the convolution of the first op in the body
of the network's fourth member. The ONNX reading asks for weights by the same names.
"""

from collections.abc import Mapping
from functools import singledispatch
from typing import Any

import torch
from torch import Tensor, nn

from nas import ops
from nas.ops import Network, Op, Shape
from nas.ops.cost import placed, volume
from nas.ops.torch_reading.activations import activation


def build(network: Network, seed: int) -> nn.Module:
    """The network in training mode, from images [N, C, H, W] to scores [N, classes], initialised from the seed.

    The same seed gives the same weights, whatever the global generator's state, which is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        net = module(network.op, network.input)
    initialise(net, seed)
    return net


def initialise(net: nn.Module, seed: int) -> None:
    """He-normal convolutions by fan-out, small normal linear layers, zero biases, batch norm the identity."""
    generator = torch.Generator().manual_seed(seed)
    for part in net.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu", generator=generator)
        elif isinstance(part, nn.Linear):
            nn.init.kaiming_normal_(part.weight, nonlinearity="linear", generator=generator)
        if isinstance(part, nn.Conv2d | nn.Linear) and part.bias is not None:
            nn.init.zeros_(part.bias)


def load_arrays(net: nn.Module, weights: Mapping[str, Any]) -> None:
    """Set some of the parameters, by path, to the values of arrays."""
    given = {path: torch.tensor(array) for path, array in weights.items()}
    net.load_state_dict({**net.state_dict(), **given})


@singledispatch
def module(op: Op, x: Shape) -> nn.Module:
    """Module computing op on inputs [N, *x]."""
    raise TypeError(f"no torch rule for {type(op).__name__} at {x}")


class ConvNorm(nn.Module):
    """Convolution, batch norm and activation."""

    def __init__(self, conv: nn.Conv2d, norm: nn.Module, act: nn.Module) -> None:
        super().__init__()
        self.conv, self.norm, self.act = conv, norm, act

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.act(self.norm(self.conv(x)))
        return out


class SparseConv2d(nn.Conv2d):
    """A convolution of single pixels with a stride: on a CPU it takes the pixels that it reads and has no stride there.

    The sums are the same. With a stride, oneDNN 3.12 (torch 2.13) writes beyond its buffers in the backward pass of few
    channels: 8 to 16 at 48 x 48, channels last, ends in a corrupt heap.
    """

    def forward(self, x: Tensor) -> Tensor:
        if x.device.type != "cpu":
            return super().forward(x)
        down, across = self.stride
        return nn.functional.conv2d(x[:, :, ::down, ::across], self.weight, self.bias, groups=self.groups)

    def _get_name(self) -> str:
        """As any convolution: checkpoints know a network by its printed form."""
        return nn.Conv2d.__name__


@module.register
def _(op: ops.Conv, x: Shape) -> nn.Module:
    kind = SparseConv2d if op.kernel == 1 and op.stride > 1 and not op.pad else nn.Conv2d
    conv = kind(x.channels, op.out, op.kernel, op.stride, op.pad, groups=op.groups, bias=not op.norm)
    return ConvNorm(conv, nn.BatchNorm2d(op.out) if op.norm else nn.Identity(), activation(op.act))


class FlatLinear(nn.Module):
    """Linear layer over the flattened input, and activation."""

    def __init__(self, linear: nn.Linear, act: nn.Module) -> None:
        super().__init__()
        self.linear, self.act = linear, act

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.act(self.linear(x.flatten(1)))
        return out


@module.register
def _(op: ops.Linear, x: Shape) -> nn.Module:
    return FlatLinear(nn.Linear(volume(x), op.out), activation(op.act))


class _ChannelNorm(nn.BatchNorm2d):
    """Batch norm of maps [N, C, H, W] or vectors [N, C].

    In evaluation it is one product and one sum, with the numbers of nas.ops.weights.Weights.norm, so that the ONNX
    reading and compressed files agree with it bit for bit.
    """

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            maps = x if x.ndim > 2 else x[..., None, None]  # noqa: PLR2004 - vectors
            return super().forward(maps).view_as(x)
        scale, shift = (values.float().view(-1, *[1] * (x.ndim - 2)) for values in self._affine())
        return x * scale + shift

    def _affine(self) -> tuple[Tensor, Tensor]:
        mean, var = self.running_mean, self.running_var
        if mean is None or var is None:
            raise ValueError("a batch norm without running statistics cannot evaluate")
        scale = self.weight.double() / torch.sqrt(var.double() + self.eps)
        return scale, self.bias.double() - mean.double() * scale


class NormAct(nn.Module):
    """Batch norm on its own, and activation."""

    def __init__(self, channels: int, act: nn.Module) -> None:
        super().__init__()
        self.norm, self.act = _ChannelNorm(channels), act

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.act(self.norm(x))
        return out


@module.register
def _(op: ops.BatchNorm, x: Shape) -> nn.Module:
    return NormAct(x.channels, activation(op.act))


@module.register
def _(op: ops.Pool, _: Shape) -> nn.Module:
    if op.kind == "max":
        return nn.MaxPool2d(op.kernel, op.stride, op.pad, ceil_mode=op.ceil)
    return nn.AvgPool2d(op.kernel, op.stride, op.pad, ceil_mode=op.ceil, count_include_pad=False)


class _GlobalPool(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3))


@module.register
def _(_op: ops.GlobalPool, _: Shape) -> nn.Module:
    return _GlobalPool()


@module.register
def _(op: ops.Shuffle, _: Shape) -> nn.Module:
    return nn.ChannelShuffle(op.groups)


class _SqueezeExcite(nn.Module):
    def __init__(self, channels: int, reduced: int) -> None:
        super().__init__()
        self.reduce, self.expand = nn.Conv2d(channels, reduced, 1), nn.Conv2d(reduced, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        gate = self.expand(self.reduce(x.mean((2, 3), keepdim=True)).relu()).sigmoid()
        out: Tensor = x * gate
        return out


@module.register
def _(op: ops.SqueezeExcite, x: Shape) -> nn.Module:
    return _SqueezeExcite(x.channels, op.reduced)


@module.register
def _(op: ops.Activation, _: Shape) -> nn.Module:
    return activation(op.act)


@module.register
def _(op: ops.LocalResponseNorm, _: Shape) -> nn.Module:
    return nn.LocalResponseNorm(op.size, op.alpha, op.beta, op.bias)


@module.register
def _(op: ops.Dropout, _: Shape) -> nn.Module:
    return nn.Dropout(op.rate)


@module.register
def _(op: ops.PadChannels, x: Shape) -> nn.Module:
    return nn.ZeroPad3d((0, 0, 0, 0, 0, op.out - x.channels))


@module.register
def _(_op: ops.Identity, _: Shape) -> nn.Module:
    return nn.Identity()


@module.register
def _(op: ops.Seq, x: Shape) -> nn.Module:
    return nn.Sequential(*(module(part, at) for part, at in placed(op.ops, x)))


class _Concat(nn.Module):
    def __init__(self, branches: list[nn.Module], act: nn.Module) -> None:
        super().__init__()
        self.branches, self.act = nn.ModuleList(branches), act

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.act(torch.cat([branch(x) for branch in self.branches], dim=1))
        return out


@module.register
def _(op: ops.Concat, x: Shape) -> nn.Module:
    return _Concat([module(branch, x) for branch in op.branches], activation(op.act))


class _Residual(nn.Module):
    def __init__(self, body: nn.Module, shortcut: nn.Module, act: nn.Module) -> None:
        super().__init__()
        self.body, self.shortcut, self.act = body, shortcut, act

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.act(self.body(x) + self.shortcut(x))
        return out


@module.register
def _(op: ops.Residual, x: Shape) -> nn.Module:
    return _Residual(module(op.body, x), module(op.shortcut, x), activation(op.act))


COMPUTING = (ConvNorm, FlatLinear, nn.AvgPool2d, _GlobalPool, _SqueezeExcite, nn.LocalResponseNorm, _Concat, _Residual)
"""The modules whose output has values that their input has not: what is rounded where activations are integers."""
