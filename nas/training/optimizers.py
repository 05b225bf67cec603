"""Optimizers by a recipe: SGD, AdamW, shift-based AdaMax, RMSProp in TensorFlow's and so MnasNet's form, and Muon."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from math import sqrt
from typing import Any

import torch
from torch import Tensor, nn

from nas.training import Recipe
from nas.training.shifts import nearest_power

RMSPROP_DECAY = 0.9
RMSPROP_EPSILON = 1e-3
ADAMAX_DECAY = 2.0**-10
ADAMAX_EPSILON = 2.0**-27
MUON_POLYNOMIAL = (3.4445, -4.7750, 2.0315)
MUON_ITERATIONS = 5
MUON_EPSILON = 1e-7


def optimizer(module: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimizer over the module's parameters; vectors (biases, batch norm) do not decay."""
    made, rate, momentum = recipe.optimizer, recipe.learning_rate, recipe.momentum
    groups = [group for group in _groups(module, recipe) if group["params"]]
    if made == "adamw":
        return torch.optim.AdamW(groups, lr=rate, betas=(momentum, 0.999), fused=True)
    if made == "rmsprop":
        return RMSProp(groups, lr=rate, momentum=momentum)
    if made == "shift_adamax":
        return ShiftAdaMax(groups, lr=rate, momentum=momentum)
    if made == "muon":
        return Muon(groups, lr=rate, momentum=momentum)
    return _sgd(groups, rate, momentum)


def _sgd(groups: list[dict[str, Any]], rate: float, momentum: float) -> torch.optim.Optimizer:
    """SGD for parameters of which a step may leave some without a gradient."""
    made = torch.optim.SGD(groups, lr=rate, momentum=momentum, nesterov=momentum > 0, fused=True)
    if momentum:
        for group in made.param_groups:
            for p in group["params"]:  # torch's fused step takes momenta of all parameters or of none
                made.state[p]["momentum_buffer"] = torch.zeros_like(p)
    return made


def set_rate(made: torch.optim.Optimizer, rate: float) -> None:
    """Let the next step go by this learning rate, in the recipe's proportion for the biases of batch norms."""
    for group in made.param_groups:
        group["lr"] = rate * group.get("rate_scale", 1.0)  # a checkpoint from before there were scales has none


def _groups(module: nn.Module, recipe: Recipe) -> list[dict[str, Any]]:
    """The parameters that are trained in the same way, in one order for each recipe, as checkpoints have it."""
    norms = [part for part in module.modules() if isinstance(part, nn.BatchNorm2d) and recipe.norm_bias_rate != 1]
    biases = {part.bias for part in norms}
    filters = set(_dense_filters(module)) if recipe.optimizer == "muon" else set()
    parameters = [p for p in module.parameters() if p.requires_grad]
    rest = [p for p in parameters if p not in biases and p not in filters]
    decay = recipe.weight_decay
    return [
        {"params": [p for p in rest if p.ndim > 1], "weight_decay": decay},
        {"params": [p for p in rest if p.ndim <= 1], "weight_decay": 0.0},
        {"params": [p for p in parameters if p in biases], "weight_decay": 0.0, "rate_scale": recipe.norm_bias_rate},
        {"params": [p for p in parameters if p in filters], "weight_decay": decay, "orthogonal": True},
    ]


def _dense_filters(module: nn.Module) -> Iterator[nn.Parameter]:
    """Weights of the convolutions in which each output channel sees all input channels."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d) and part.groups == 1:
            yield from (p for p in part.parameters() if p.ndim > 1)


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


class Muon(_Optimizer):
    """SGD with Nesterov momentum, with orthogonal steps for filters (Jordan et al., 2024).

        v <- momentum * v + g
        u <- g + momentum * v
        w <- w - lr * sqrt(max(1, rows / columns)) * orthogonal(u)     for groups marked `orthogonal`
        w <- w - lr * u                                                for the others

    The filters [out, in, k, k] of a convolution are a matrix of out rows and in * k * k columns. Weight decay takes
    lr * decay of themselves from them, and is added to g for the others.
    """

    def __init__(self, params: Iterable[Any], *, lr: float, momentum: float) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": 0.0, "orthogonal": False})

    def _update(self, parameters: list[Tensor], group: dict[str, Any]) -> None:
        for p in parameters:
            if not self.state[p]:
                self.state[p]["velocity"] = torch.zeros_like(p)
        gradients = [p.grad for p in parameters if p.grad is not None]
        if not group["orthogonal"]:
            gradients = list(torch._foreach_add(gradients, parameters, alpha=group["weight_decay"]))  # noqa: SLF001 - as in RMSProp
        velocities = [self.state[p]["velocity"] for p in parameters]
        torch._foreach_mul_(velocities, group["momentum"])
        torch._foreach_add_(velocities, gradients)
        steps = list(torch._foreach_add(gradients, velocities, alpha=group["momentum"]))  # noqa: SLF001 - as in RMSProp
        if group["orthogonal"]:
            torch._foreach_mul_(parameters, 1 - group["lr"] * group["weight_decay"])
            steps = [_orthogonal_filter(step) for step in steps]
        torch._foreach_add_(parameters, steps, alpha=-group["lr"])


def _orthogonal_filter(step: Tensor) -> Tensor:
    matrix = step.flatten(1)
    rows, columns = matrix.shape
    return orthogonal(matrix).mul(sqrt(max(1, rows / columns))).reshape(step.shape)


def orthogonal(matrix: Tensor) -> Tensor:
    """Nearly U V^T of a matrix U S V^T: its singular values become about 1, those over 1 % of its norm 0.68 to 1.13.

    Five Newton-Schulz iterations x <- a x + (b x x^T + c (x x^T)^2) x, which are polynomials of the singular values.
    """
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    x: Tensor = wide / (wide.norm() + MUON_EPSILON)
    a, b, c = MUON_POLYNOMIAL
    for _ in range(MUON_ITERATIONS):
        square = x @ x.T
        x = a * x + torch.addmm(square, square, square, beta=b, alpha=c) @ x
    return x if wide is matrix else x.T


def _power(value: float) -> float:
    return float(nearest_power(torch.tensor(value, dtype=torch.float64)))
