"""Shift-based batch norm: every product is by a power of two (BNN, arXiv:1602.02830, algorithm 3)."""

from collections.abc import Callable
from typing import TypeVar, cast

import torch
from torch import Tensor, nn

from nas.ops.torch_reading.activations import straight_through
from nas.training.shifts import nearest_power

T = TypeVar("T", bound=nn.Module)


class ShiftBatchNorm(nn.BatchNorm2d):
    """y = AP2(weight) AP2(1 / sqrt(var + eps)) (x - mean) + bias with var the mean of (x - mean) AP2(x - mean).

    AP2 is the nearest power of two; gradients pass it unchanged. Inputs are float [N, C, H, W] or [N, C]. It shares
    parameters and statistics with the batch norm that it stands in for.
    """

    def __init__(self, norm: nn.BatchNorm2d) -> None:
        super().__init__(norm.num_features, norm.eps, norm.momentum)
        self.settled_type = type(norm)
        _share(norm, self)

    def forward(self, x: Tensor) -> Tensor:
        x, of_channel = x.float(), [dimension for dimension in range(x.ndim) if dimension != 1]
        mean, variance, _ = _statistics(self)
        if self.training:
            mean = x.mean(of_channel)
        centred = x - _by_channel(mean, x)
        if self.training:
            variance = (centred * _power(centred)).mean(of_channel)
            self._track(mean.detach(), variance.detach())
        return centred * _by_channel(self.scale(variance), x) + _by_channel(self.bias, x)

    def scale(self, variance: Tensor) -> Tensor:
        """What centred inputs are multiplied by: powers of two [C]."""
        return _power(self.weight) * _power((variance + self.eps).rsqrt())

    @torch.no_grad()
    def _track(self, mean: Tensor, variance: Tensor) -> None:
        running_mean, running_variance, batches = _statistics(self)
        batches += 1
        share = 1 / int(batches) if self.momentum is None else self.momentum
        running_mean.lerp_(mean, share)
        running_variance.lerp_(variance, share)


def _statistics(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor, Tensor]:
    """Running mean [C] and variance [C], and the number of batches, which no batch norm of a network is without."""
    return cast("tuple[Tensor, Tensor, Tensor]", (norm.running_mean, norm.running_var, norm.num_batches_tracked))


def _power(values: Tensor) -> Tensor:
    return straight_through(values, nearest_power(values))


def _by_channel(values: Tensor, x: Tensor) -> Tensor:
    return values.view(-1, *[1] * (x.ndim - 2))


def use_shift_norms(module: nn.Module) -> None:
    """Put shift-based batch norms in place of a module's batch norms."""
    _replace(module, nn.BatchNorm2d, ShiftBatchNorm)


def settle_shift_norms(module: nn.Module) -> None:
    """Put batch norms that compute the same in evaluation in place of a module's shift-based ones.

    With a variance of 1 - eps their scale is the weight, a power of two, and stays one when it is folded.
    """
    _replace(module, ShiftBatchNorm, _settled)


@torch.no_grad()
def _settled(norm: ShiftBatchNorm) -> nn.BatchNorm2d:
    plain = norm.settled_type(norm.num_features, norm.eps, norm.momentum)
    _share(norm, plain)
    _, variance, _ = _statistics(plain)
    plain.weight.copy_(norm.scale(variance))
    variance.fill_(1 - norm.eps)
    return plain


def _share(norm: nn.BatchNorm2d, other: nn.BatchNorm2d) -> None:
    """Give other the parameters and statistics of norm, and its mode."""
    other.weight, other.bias = norm.weight, norm.bias
    other.running_mean, other.running_var = norm.running_mean, norm.running_var
    other.num_batches_tracked = norm.num_batches_tracked
    other.train(norm.training)


def _replace(module: nn.Module, kind: type[T], change: Callable[[T], nn.Module]) -> None:
    for part in list(module.modules()):
        for name, child in part.named_children():
            if isinstance(child, kind):
                setattr(part, name, change(child))
