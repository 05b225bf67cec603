"""Reading an activation as a torch module. Gradients pass rounding unchanged, and are 0 where a value is clipped."""

from typing import Any

import torch
from torch import Tensor, nn

from nas.ops.low_bits import EVEN, POWERS, EvenSteps, PowersOfTwo


class _Step(torch.autograd.Function):
    """1 where x >= threshold, -1 elsewhere; the gradient passes straight through where |x| <= 1."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, threshold: Tensor) -> Tensor:
        ctx.save_for_backward(x.abs() <= 1)
        return torch.where(x >= threshold, 1.0, -1.0).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (passes,) = ctx.saved_tensors
        return gradients[0] * passes, None


class Sign(nn.Module):
    """The sign with the straight-through gradient (arXiv:1602.02830, section 1); the sign of 0 is +1.

    stochastic: in training +1 comes with the probability clip((x + 1) / 2, 0, 1), drawn from the global generator
    (equation 2).
    """

    stochastic = False

    def forward(self, x: Tensor) -> Tensor:
        # x >= u for u uniform in [-1, 1) has that probability.
        draw = torch.rand_like(x) * 2 - 1 if self.training and self.stochastic else x.new_zeros(())
        out: Tensor = _Step.apply(x, draw)  # type: ignore[no-untyped-call]  # untyped in torch
        return out

    def extra_repr(self) -> str:
        return "stochastic" if self.stochastic else ""


_NAMED = {"relu": nn.ReLU, "relu6": nn.ReLU6, "hswish": nn.Hardswish, "sigmoid": nn.Sigmoid, "sign": Sign}


def activation(act: str | None) -> nn.Module:
    """The activation of that name; None for the identity."""
    if act in EVEN:
        return RoundedToSteps(EVEN[act])
    if act in POWERS:
        return RoundedToPowers(POWERS[act])
    return _NAMED[act]() if act else nn.Identity()


class _Replaced(torch.autograd.Function):
    """The second argument; the gradient goes to the first (the straight-through estimator, arXiv:1308.3432)."""

    @staticmethod
    def forward(_ctx: Any, _value: Tensor, rounded: Tensor) -> Tensor:
        return rounded.clone()

    @staticmethod
    def backward(_ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0], None


def straight_through(value: Tensor, rounded: Tensor) -> Tensor:
    """rounded; its gradient is that of value, of the same shape."""
    passed: Tensor = _Replaced.apply(value, rounded.detach())  # type: ignore[no-untyped-call]  # untyped in torch
    return passed


class RoundedToSteps(nn.Module):
    """Rounds to multiples of a step within bounds."""

    def __init__(self, steps: EvenSteps) -> None:
        super().__init__()
        self.steps = steps

    def forward(self, x: Tensor) -> Tensor:
        step = self.steps.step
        clipped = x.clamp(self.steps.lowest * step, self.steps.highest * step)
        return straight_through(clipped, (clipped / step).round() * step)

    def extra_repr(self) -> str:
        return str(self.steps)


class RoundedToPowers(nn.Module):
    """Rounds to 0 or a power of two. Negative numbers are clipped, those above the largest power pass no gradient."""

    def __init__(self, powers: PowersOfTwo) -> None:
        super().__init__()
        self.powers = powers

    def forward(self, x: Tensor) -> Tensor:
        clipped = x.clamp(0, 2.0**self.powers.largest)
        exponent = clipped.log2().round().clamp(self.powers.smallest, self.powers.largest)
        return straight_through(clipped, exponent.exp2() * (clipped > self.powers.threshold))

    def extra_repr(self) -> str:
        return str(self.powers)


RECTIFIERS = (nn.ReLU, nn.ReLU6, nn.Hardswish, Sign, RoundedToSteps, RoundedToPowers)
"""The modules of activations that tell positive from negative inputs: all but the sigmoid."""
