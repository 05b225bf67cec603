"""Optimizers by a recipe: SGD, AdamW, shift-based AdaMax, and RMSProp in TensorFlow's and so MnasNet's form."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from nas.training import Recipe
from nas.training.shifts import nearest_power

RMSPROP_DECAY = 0.9
RMSPROP_EPSILON = 1e-3
ADAMAX_DECAY = 2.0**-10
ADAMAX_EPSILON = 2.0**-27


def optimizer(module: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimizer over the module's parameters; vectors (biases, batch norm) do not decay."""
    parameters = [p for p in module.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    rate, momentum = recipe.learning_rate, recipe.momentum
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=rate, betas=(momentum, 0.999), fused=True)
    if recipe.optimizer == "rmsprop":
        return RMSProp(groups, lr=rate, momentum=momentum)
    if recipe.optimizer == "shift_adamax":
        return ShiftAdaMax(groups, lr=rate, momentum=momentum)
    return torch.optim.SGD(groups, lr=rate, momentum=momentum, nesterov=momentum > 0, fused=True)


class _Optimizer(torch.optim.Optimizer, ABC):
    """An optimizer that says how the parameters of a group change, given those that have a gradient."""

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]  # overloads of the base
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            parameters = [p for p in group["params"] if p.grad is not None]
            if parameters:
                self._update(parameters, group)
        return loss

    @abstractmethod
    def _update(self, parameters: list[Tensor], group: dict[str, Any]) -> None:
        """Change the parameters, at least one, by their gradients."""


class RMSProp(_Optimizer):
    """RMSProp with momentum in TensorFlow's form, which differs from torch's in three places.

        s <- decay * s + (1 - decay) * g^2          s starts at 1, not 0: first steps are small
        m <- momentum * m + lr * g / sqrt(s + eps)  eps inside the root; lr inside m, so a new rate acts gradually
        w <- w - m

    Weight decay is added to g.
    """

    def __init__(self, params: Iterable[Any], *, lr: float, momentum: float) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": 0.0})

    def _update(self, parameters: list[Tensor], group: dict[str, Any]) -> None:
        for p in parameters:
            if not self.state[p]:
                self.state[p].update(square=torch.ones_like(p), velocity=torch.zeros_like(p))
        gradients = [p.grad for p in parameters if p.grad is not None]
        squares = [self.state[p]["square"] for p in parameters]
        velocities = [self.state[p]["velocity"] for p in parameters]
        # One call for all tensors: the steps of small networks are spent on calls, not on arithmetic.
        gradients = list(torch._foreach_add(gradients, parameters, alpha=group["weight_decay"]))  # noqa: SLF001 - no public name
        torch._foreach_mul_(squares, RMSPROP_DECAY)
        torch._foreach_addcmul_(squares, gradients, gradients, 1 - RMSPROP_DECAY)
        roots = torch._foreach_add(squares, RMSPROP_EPSILON)  # noqa: SLF001 - as above
        torch._foreach_sqrt_(roots)
        torch._foreach_mul_(velocities, group["momentum"])
        torch._foreach_addcdiv_(velocities, gradients, roots, group["lr"])
        torch._foreach_sub_(parameters, velocities)


class ShiftAdaMax(_Optimizer):
    """AdaMax whose products are shifts of bits (BNN, arXiv:1602.02830, algorithm 4; AP2 is the nearest power of two).

        m <- (1 - b) m + b g               b = AP2(1 - momentum)
        v <- max((1 - 2^-10) v, |g|)
        w <- w - AP2(lr / (1 - (1 - b)^t)) AP2(1 / (v + 2^-27)) m

    Weight decay is added to g.
    """

    def __init__(self, params: Iterable[Any], *, lr: float, momentum: float) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": 0.0})
        self.share = _power(1 - momentum)

    def _update(self, parameters: list[Tensor], group: dict[str, Any]) -> None:
        for p in parameters:
            self._shift(p, p.grad + group["weight_decay"] * p, group["lr"])

    def _shift(self, p: Tensor, gradient: Tensor, rate: float) -> None:
        state = self.state[p]
        if not state:
            state.update(step=0, mean=torch.zeros_like(p), largest=torch.zeros_like(p))
        state["step"] += 1
        state["mean"].lerp_(gradient, self.share)
        torch.maximum(state["largest"] * (1 - ADAMAX_DECAY), gradient.abs(), out=state["largest"])
        size = _power(rate / (1 - (1 - self.share) ** state["step"]))
        p.sub_(state["mean"] * nearest_power(1 / (state["largest"] + ADAMAX_EPSILON)), alpha=size)


def _power(value: float) -> float:
    return float(nearest_power(torch.tensor(value, dtype=torch.float64)))
