"""Trained ternary quantization: each weight is -Wn, 0 or Wp, two trained numbers a layer (TTQ, arXiv:1612.01064)."""

from collections.abc import Mapping
from math import sqrt
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from nas.compression.bench import Bench
from nas.compression.distillation import Distillation
from nas.compression.forms import WeightForm, form, set_form
from nas.compression.model import Model
from nas.compression.tuning import chosen_layers, tune
from nas.compressor import Compressor, compressor
from nas.ops.coded import CodedTensor
from nas.training import Recipe

RECIPE = Recipe(epochs=30, learning_rate=0.02, schedule="cosine", warmup=0.0, weight_decay=1e-4, ema_decay=None)


@form("ternary")
class Ternary(WeightForm):
    """Wp where the parameter is above threshold max|parameter|, -Wn where it is below minus that, 0 between.

    The parameter (the paper's full-precision weight) decides which; Wp and Wn are trained beside it.
    """

    def __init__(self, *, threshold: float) -> None:
        super().__init__()
        self.threshold = threshold
        self.sizes = nn.Parameter(torch.ones(2))

    @property
    def config(self) -> Mapping[str, Any]:
        return {"threshold": self.threshold}

    def trained(self, weight: Tensor) -> Tensor:
        """The weight itself; Wp and Wn start as the means of the weights that they replace, the least squared error."""
        signs = self._signs(weight)
        for place, sign in enumerate((1, -1)):
            replaced = weight[signs == sign].abs()
            self.sizes.data[place] = replaced.mean() if len(replaced) else weight.abs().max()
        return weight

    def forward(self, parameter: Tensor) -> Tensor:
        weight: Tensor = _Ternarized.apply(parameter, self.sizes, self._signs(parameter))  # type: ignore[no-untyped-call]  # untyped in torch
        return weight

    def coded(self, parameter: Tensor) -> CodedTensor:
        values = np.array([0, 1, -1], np.float32)  # in the order of signs as indices: 0, 1, -1
        values[1:] *= self.sizes.detach().cpu().numpy()
        levels, place = np.unique(values, return_inverse=True)
        return CodedTensor(place[self._signs(parameter).cpu().numpy().astype(np.int64)].astype(np.uint8), levels)

    @torch.no_grad()
    def _signs(self, parameter: Tensor) -> Tensor:
        """-1, 0 or 1 for each weight."""
        bound = self.threshold * parameter.abs().max()
        return (parameter > bound).to(parameter.dtype) - (parameter < -bound).to(parameter.dtype)


class _Ternarized(torch.autograd.Function):
    """Equations 6 to 8 of the paper, with the sign in the gradient of Wn, which is subtracted.

    The gradients of Wp and Wn, sums over thousands of weights, are divided by the square root of the number of weights
    (arXiv:1902.08153, section 2.2). Without that they overshoot at learning rates that suit weights.
    """

    @staticmethod
    def forward(ctx: Any, _parameter: Tensor, sizes: Tensor, signs: Tensor) -> Tensor:
        ctx.save_for_backward(sizes, signs)
        return _by_sign(signs, sizes[0], -sizes[1], 0.0)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        sizes, signs = ctx.saved_tensors
        (gradient,) = gradients
        sums = [(gradient * (signs == 1)).double().sum(), -(gradient * (signs == -1)).double().sum()]
        of_parameter = gradient * _by_sign(signs, sizes[0], sizes[1], 1.0)
        return of_parameter, (torch.stack(sums) / sqrt(signs.numel())).to(sizes.dtype), None


def _by_sign(signs: Tensor, positive: Tensor, negative: Tensor, zero: float) -> Tensor:
    return torch.where(signs > 0, positive, torch.where(signs < 0, negative, zero))


@compressor("ternary")
class TernaryQuantization(Compressor):
    """Weights of three values, 2 bits each, trained from the weights that the network has.

    threshold: weights nearer to 0 than this share of the largest of their layer become 0; 0.05 in the paper, while 0.15
    is near the least squared error of normally distributed weights. layers: `inner` leaves the
    first and the last layer as they are, as in the paper; `all` does not. distillation: share of the loss that follows
    the scores of the network before this stage.
    """

    def __init__(
        self,
        *,
        threshold: Annotated[float, Field(ge=0, lt=1)] = 0.15,
        layers: Literal["inner", "all"] = "inner",
        distillation: Annotated[float, Field(ge=0, le=1)] = 0.5,
        recipe: Recipe = RECIPE,
    ) -> None:
        self.threshold, self.layers, self.distillation, self.recipe = threshold, layers, distillation, recipe
        self.epochs = recipe.epochs

    def compress(self, model: Model, bench: Bench) -> Model:
        criterion = _Criterion(self, model, bench)
        for layer in chosen_layers(model.module, self.layers):
            set_form(layer, Ternary(threshold=self.threshold))
        tune(model, bench, self.recipe, criterion)
        return model


class _Criterion(Distillation):
    def __init__(self, stage: TernaryQuantization, model: Model, bench: Bench) -> None:
        super().__init__(model, stage.distillation, bench, stage.recipe.label_smoothing)
        self.stage = stage

    def identity(self) -> Mapping[str, Any]:
        return {**super().identity(), "threshold": self.stage.threshold, "layers": self.stage.layers}
