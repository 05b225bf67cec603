"""Activations rounded to 8-bit integers while a network trains (fake quantization, arXiv:1712.05877, section 3)."""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from nas.ops.torch_reading.module import COMPUTING


@contextmanager
def rounded_activations(
    module: nn.Module, batches: Iterable[Tensor], *, signed: bool, floats: Collection[int] = ()
) -> Iterator[None]:
    """Within it, the images and the outputs of the module's parts are rounded to 256 values, or 255 around 0 (signed).

    Their ranges are those on the batches, images [n, C, H, W], and stay; no gradient flows to numbers beyond them.
    floats: the places of members of the outermost sequence that compute in floats; what they give one in integers is
    rounded.
    """
    parts = _rounded(module, floats)
    ends: dict[nn.Module, tuple[float, float]] = {}

    def observe(part: nn.Module, values: Tensor) -> None:
        low, high = ends.get(part, (0.0, 0.0))  # an integer stands for 0, as images are padded with it
        ends[part] = min(low, float(values.min())), max(high, float(values.max()))

    with _hooks(module, parts, observe), torch.no_grad():
        module.eval()
        for images in batches:
            module(images)
    grids = {part: _grid(low, high, signed=signed) for part, (low, high) in ends.items()}
    with _hooks(module, parts, lambda part, values: torch.fake_quantize_per_tensor_affine(values, *grids[part])):
        yield


def _rounded(module: nn.Module, floats: Collection[int]) -> list[nn.Module]:
    """The parts whose outputs are integers, and the module itself if its images are."""
    if not floats:
        return [module, *(part for part in module.modules() if isinstance(part, COMPUTING))]
    found: list[nn.Module] = []
    members = list(module.children())
    for place, member in enumerate(members):
        if place not in floats:
            found += [part for part in member.modules() if isinstance(part, COMPUTING)]
        elif place + 1 < len(members) and place + 1 not in floats:
            found.append(member)
    return found if 0 in floats else [module, *found]


@contextmanager
def _hooks(module: nn.Module, parts: Iterable[nn.Module], change: Callable[[nn.Module, Tensor], Any]) -> Iterator[None]:
    """Calls change with each part and its output, and with the module and its images; what it returns replaces them."""
    parts = list(parts)
    handles = (
        [module.register_forward_pre_hook(lambda part, inputs: change(part, inputs[0]))] if module in parts else []
    )
    parts = [part for part in parts if part is not module]
    handles += [part.register_forward_hook(lambda part, _, output: change(part, output)) for part in parts]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _grid(low: float, high: float, *, signed: bool) -> tuple[float, int, int, int]:
    """Scale, zero point, smallest and largest integer for numbers between the ends."""
    if signed:
        return max(-low, high, 1e-12) / 127, 0, -127, 127
    scale = max(high - low, 1e-12) / 255
    return scale, round(-low / scale), 0, 255
