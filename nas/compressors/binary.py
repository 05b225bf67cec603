"""Binary weights: each is -1 or +1, trained through a sign (BNN, arXiv:1602.02830)."""

from collections.abc import Iterator, Mapping
from math import sqrt
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from nas import ops
from nas.compression.bench import Bench
from nas.compression.forms import WeightForm, form, form_of, glorot_bound, layers, parameter_of, set_form
from nas.compression.model import Model
from nas.compression.tuning import chosen_layers, tune
from nas.compressor import Compressor, compressor
from nas.errors import CompressionError
from nas.ops import Op
from nas.ops.coded import CodedTensor
from nas.ops.torch_reading.activations import Sign, straight_through
from nas.training import Recipe
from nas.training.batches import Batch
from nas.training.criterion import Criterion

RECIPE = Recipe(
    epochs=200,
    optimizer="adamw",
    schedule="exponential",
    learning_rate=3e-3,
    warmup=0.0,
    weight_decay=0.0,
    ema_decay=None,
    batch_size=100,
)


@form("binary")
class Binary(WeightForm):
    """The sign of a parameter that is kept within a bound.

    The bound is sqrt(1.5 / (inputs + outputs)), the scale of Glorot's initialisation. The paper keeps its parameters
    within 1 and divides their learning rates by that number, which is the same.
    """

    def __init__(self, *, bound: float) -> None:
        super().__init__()
        self.bound = bound

    @property
    def config(self) -> Mapping[str, Any]:
        return {"bound": self.bound}

    def trained(self, weight: Tensor) -> Tensor:
        """The weight, scaled to the standard deviation of a uniform variable within the bound."""
        deviation = weight.std(correction=0).clamp(min=torch.finfo(weight.dtype).tiny)
        return (weight * (self.bound / sqrt(3) / deviation)).clamp(-self.bound, self.bound)

    def forward(self, parameter: Tensor) -> Tensor:
        # The gradient would stop at the bound, which clip() keeps the parameter within.
        return straight_through(parameter, torch.where(parameter >= 0, 1.0, -1.0))

    def coded(self, parameter: Tensor) -> CodedTensor:
        codes = (parameter >= 0).cpu().numpy().astype(np.uint8)
        return CodedTensor(codes, np.array([-1, 1], np.float32))

    @torch.no_grad()
    def clip(self, parameter: Tensor) -> None:
        parameter.clamp_(-self.bound, self.bound)


@compressor("binary")
class BinaryWeights(Compressor):
    """Weights of one bit, trained from those that the network has; with the activation `sign`, a binary network.

    layers: `all`, or `inner` to leave the first and the last as they are. activations: whether signs are
    `deterministic` or `stochastic` while the network trains. loss: `squared_hinge` as in the paper, or `cross_entropy`.
    Biases in front of a batch norm become 0, as it subtracts them.
    """

    def __init__(
        self,
        *,
        layers: Literal["all", "inner"] = "all",
        activations: Literal["deterministic", "stochastic"] = "deterministic",
        loss: Literal["squared_hinge", "cross_entropy"] = "squared_hinge",
        recipe: Recipe = RECIPE,
    ) -> None:
        self.layers, self.activations, self.loss, self.recipe = layers, activations, loss, recipe
        self.epochs = recipe.epochs

    def compress(self, model: Model, bench: Bench) -> Model:
        if not any(isinstance(part, nn.BatchNorm2d) for part in model.module.modules()):
            raise CompressionError(
                "binary: weights of -1 and 1 need batch norms, and it has none (those of an exported file are "
                "folded into its layers); give the name or the notation of a network with batch norms"
            )
        by_path = layers(model.module)
        for path in _before_norms(model.network.op, ""):
            bias = by_path[path].bias
            if bias is not None:
                nn.init.zeros_(bias)
                bias.requires_grad = False
        for layer in chosen_layers(model.module, self.layers):
            set_form(layer, Binary(bound=glorot_bound(layer)))
        signs = [part for part in model.module.modules() if isinstance(part, Sign)]
        for sign in signs:
            sign.stochastic = self.activations == "stochastic"
        tune(model, bench, self.recipe, _Criterion(self))
        for sign in signs:
            sign.stochastic = False
        return model


def _before_norms(op: Op, path: str) -> Iterator[str]:
    """Paths of the linear ops of sequences whose output a batch norm subtracts the mean of."""
    members = op.ops if isinstance(op, ops.Seq) else ()
    for number, member in enumerate(members):
        at = f"{path}.{number}" if path else str(number)
        behind = [part for part in members[number + 1 :] if not isinstance(part, ops.Pool | ops.GlobalPool)]
        if behind and isinstance(behind[0], ops.BatchNorm):
            if isinstance(member, ops.Conv) and not member.norm and member.act is None:
                yield f"{at}.conv"
            if isinstance(member, ops.Linear) and member.act is None:
                yield f"{at}.linear"
        yield from _before_norms(member, at)


class _Criterion(Criterion):
    """The squared hinge loss of each class against the others (L2-SVM, arXiv:1306.0239); keeps parameters in bounds."""

    def __init__(self, stage: BinaryWeights) -> None:
        super().__init__(stage.recipe.label_smoothing)
        self.stage = stage

    def identity(self) -> Mapping[str, Any]:
        return {"layers": self.stage.layers, "activations": self.stage.activations, "loss": self.stage.loss}

    def loss(self, scores: Tensor, batch: Batch) -> Tensor:
        if self.stage.loss == "cross_entropy":
            return super().loss(scores, batch)
        targets = 2 * one_hot(batch.labels, scores.shape[1]) - 1
        return (1 - targets * scores).clamp(min=0).square().mean()

    def after_step(self, module: nn.Module) -> None:
        for layer in layers(module).values():
            found = form_of(layer)
            if isinstance(found, Binary):
                found.clip(parameter_of(layer))
