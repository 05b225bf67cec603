"""Averaged weights, Lookahead, and re-estimated batch norm.

Averaged weights and re-estimated batch norm are for scores before the end of a training that predict the final one.

Under a schedule that anneals the rate, the current weights score badly before the end, as they still vary with the
high rate. Their moving average (Polyak and Juditsky, 1992) is near where annealing would lead, and batch norm needs
statistics of the average's own activations (arXiv:1803.05407, section 3.1).
"""

import copy
from collections.abc import Iterable

import torch
from torch import Tensor, nn

LOOKAHEAD_SHARE = 0.5


class Average:
    """Exponential moving average of a module's parameters, as a module of its own."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.module = copy.deepcopy(module)
        self._decay = decay
        self.module.requires_grad_(requires_grad=False)
        self._averages: list[Tensor] = list(self.module.parameters())
        self._parameters = [p.detach() for p in module.parameters()]

    def update(self, step: int) -> None:
        """Add the parameters after optimizer step number `step`, counted from 1, to the average."""
        decay = min(self._decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self._averages, self._parameters, 1 - decay)


class Lookahead:
    """Every so many steps, weights are drawn halfway back to where they were so many steps ago (arXiv:1907.08610).

    slow <- slow + (fast - slow) / 2, fast <- slow (algorithm 1, alpha = 0.5). The optimizer keeps its momentum.
    """

    def __init__(self, module: nn.Module, steps: int) -> None:
        self._steps = steps
        self._fast = [p.detach() for p in module.parameters() if p.requires_grad]
        self.slow = [p.clone() for p in self._fast]

    def update(self, step: int) -> None:
        """To be called after optimizer step number `step`, counted from 1."""
        if step % self._steps == 0:
            torch._foreach_lerp_(self.slow, self._fast, LOOKAHEAD_SHARE)
            torch._foreach_copy_(self._fast, self.slow)

    def restore(self, slow: list[Tensor]) -> None:
        torch._foreach_copy_(self.slow, slow)


@torch.no_grad()
def reestimate(module: nn.Module, batches: Iterable[Tensor]) -> None:
    """Set the running statistics of every batch norm to their averages over batches; leaves the module in eval mode.

    Nothing but these statistics changes: no parameter, and no random number is drawn (dropout is off).
    """
    module.eval()
    norms = [part for part in module.modules() if isinstance(part, nn.BatchNorm2d)]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a cumulative average
        norm.train()
    for images in batches:
        module(images)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    module.eval()
