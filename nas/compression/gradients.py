"""Gradients of few bits while a network trains (QNN, arXiv:1609.07061; DoReFa-Net, arXiv:1606.06160, equation 12)."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from nas.compression.forms import Layer


class _Rounded(torch.autograd.Function):
    """The input itself; rounds its gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, bits: int) -> Tensor:
        ctx.bits = bits
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (gradient,) = gradients
        return rounded(gradient, ctx.bits, torch.rand_like(gradient)), None


def rounded(gradient: Tensor, bits: int, noise: Tensor) -> Tensor:
    """A gradient [N, ...] as 2^bits even steps between minus and plus the largest of each image.

    noise, uniform in [0, 1), decides between the two nearest steps, so that the mean is the gradient itself.
    """
    largest = gradient.abs().flatten(1).amax(1).reshape(-1, *[1] * (gradient.ndim - 1))
    steps = 2**bits - 1
    place = (gradient / (2 * largest) + 0.5) * steps
    values = ((place + noise).floor().clamp(0, steps) / steps - 0.5) * 2 * largest
    return torch.where(largest > 0, values, torch.zeros_like(values))


@contextmanager
def rounded_gradients(layers: Iterable[Layer], bits: int | None) -> Iterator[None]:
    """Within, the gradients at the outputs of the layers are rounded while these train; None leaves them as they are.

    Noise is drawn from torch's global generator.
    """

    def round_gradient(layer: Any, _inputs: Any, output: Tensor) -> Tensor:
        if not layer.training or bits is None:
            return output
        passed: Tensor = _Rounded.apply(output, bits)  # type: ignore[no-untyped-call]  # untyped in torch
        return passed

    hooks = [layer.register_forward_hook(round_gradient) for layer in layers]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
