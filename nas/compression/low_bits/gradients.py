"""Gradients of few bits while a network trains (QNN, arXiv:1609.07061; as in DoReFa-Net, arXiv:1606.06160)."""

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
    """A gradient [N, ...] as even steps from minus to plus the largest of each image: 2^bits - 1, or 2 of one bit.

    noise, uniform in [0, 1), decides between the two nearest steps, so that the mean is the gradient itself. Unlike in
    DoReFa-Net, 0 is one of the steps: most gradients are small, and noise on each of them would outweigh them.
    """
    largest = gradient.abs().flatten(1).amax(1).reshape(-1, *[1] * (gradient.ndim - 1))
    steps, offset = (2 ** (bits - 1) - 1, 0.0) if bits > 1 else (0.5, 0.5)
    place = (gradient / largest * steps + offset + noise).floor() - offset
    values = place.clamp(-steps, steps) / steps * largest
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
