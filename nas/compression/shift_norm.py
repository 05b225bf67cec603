"""Shift-based batch norm: every product is by a power of two (BNN, arXiv:1602.02830, algorithm 3)."""

from collections.abc import Callable
from typing import TypeVar, cast

import torch
from torch import Tensor, nn

from nas.ops.torch_activations import straight_through
from nas.training.shifts import nearest_power

Norm = TypeVar("Norm", bound=nn.BatchNorm2d)


class ShiftBatchNorm(nn.BatchNorm2d):
    """y = AP2(weight) AP2(1 / sqrt(var + eps)) (x - mean) + bias with var the mean of (x - mean) AP2(x - mean).

    AP2 is the nearest power of two; gradients pass it unchanged. Inputs are float [N, C, H, W].
    """

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            mean = x.float().mean((0, 2, 3))
            centred = x.float() - _by_channel(mean)
            variance = (centred * _power(centred)).mean((0, 2, 3))
            self._track(mean.detach(), variance.detach())
        else:
            mean, variance, _ = _statistics(self)
            centred = x.float() - _by_channel(mean)
        return centred * _by_channel(self.scale(variance)) + _by_channel(self.bias)

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


def _by_channel(values: Tensor) -> Tensor:
    return values[:, None, None]


def use_shift_norms(module: nn.Module) -> None:
    """Put shift-based batch norms, which share their parameters and statistics, in place of a module's batch norms."""
    _replace(module, nn.BatchNorm2d, lambda norm: _like(norm, ShiftBatchNorm))


def settle_shift_norms(module: nn.Module) -> None:
    """Put batch norms that compute the same in evaluation in place of a module's shift-based ones.

    With a variance of 1 - eps their scale is the weight, a power of two, and stays one when it is folded.
    """
    _replace(module, ShiftBatchNorm, _settled)


@torch.no_grad()
def _settled(norm: ShiftBatchNorm) -> nn.BatchNorm2d:
    plain = _like(norm, nn.BatchNorm2d)
    _, variance, _ = _statistics(norm)
    plain.weight.copy_(norm.scale(variance))
    variance.fill_(1 - norm.eps)  # which the two share
    return plain


def _like(norm: nn.BatchNorm2d, kind: type[Norm]) -> Norm:
    made = kind(norm.num_features, norm.eps, norm.momentum)
    made.weight, made.bias = norm.weight, norm.bias
    made.running_mean, made.running_var = norm.running_mean, norm.running_var
    made.num_batches_tracked = norm.num_batches_tracked
    return made.train(norm.training)


def _replace(module: nn.Module, kind: type[Norm], change: Callable[[Norm], nn.Module]) -> None:
    for part in module.modules():
        for name, child in part.named_children():
            if type(child) is kind:
                setattr(part, name, change(child))
