"""Weights, activations and gradients of a few bits each (QNN, arXiv:1609.07061), with trained step sizes (LSQ)."""

from collections.abc import Mapping
from math import sqrt
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from nas.compression.bench import Bench
from nas.compression.distillation import Distillation
from nas.compression.forms import WeightForm, form, set_form
from nas.compression.low_bits.gradients import rounded_gradients
from nas.compression.low_bits.shift_norm import settle_shift_norms, use_shift_norms
from nas.compression.model import Model, restore
from nas.compression.tuning import chosen_layers, tune
from nas.compressor import Compressor, compressor
from nas.errors import CompressionError
from nas.ops import Network
from nas.ops.coded import CodedTensor
from nas.ops.low_bits import LOGARITHMIC_BITS
from nas.ops.notation import write_network
from nas.ops.rewriting import rewritten, with_activation
from nas.training import Recipe

Bits = Annotated[int, Field(ge=1, le=8)]
Scheme = Literal["linear", "logarithmic"]

RECIPE = Recipe(epochs=30, learning_rate=0.02, schedule="cosine", warmup=0.0, weight_decay=1e-4, ema_decay=None)

SIZES = 64
"""How many step sizes are tried for the least squared error, from 1/32 of the largest."""

SMALLEST = 1e-12
"""Of a size: levels stay apart."""


@form("uniform")
class Uniform(WeightForm):
    """size times a level: whole numbers of so many bits, 1 and -1 for one bit, or powers of two with a sign.

    size is trained beside the parameter, which decides on the level.
    """

    def __init__(self, *, bits: int, scheme: Scheme) -> None:
        super().__init__()
        self.bits, self.scheme = bits, scheme
        self.size = nn.Parameter(torch.ones(()))
        self.levels = torch.tensor(_levels(bits, scheme))

    @property
    def config(self) -> Mapping[str, Any]:
        return {"bits": self.bits, "scheme": self.scheme}

    @torch.no_grad()
    def trained(self, weight: Tensor) -> Tensor:
        """The weight itself; the size starts as the one of least squared error."""
        largest = weight.abs().max()
        sizes = [largest / float(self.levels[-1]) * 2 ** (-5 * place / SIZES) + SMALLEST for place in range(SIZES)]
        errors = [float((weight - size * self.level(weight / size)).square().sum()) for size in sizes]
        self.size.copy_(sizes[errors.index(min(errors))])
        return weight

    def level(self, ratio: Tensor) -> Tensor:
        """The level nearest to weight / size: for powers of two on a logarithmic scale, for whole numbers to even."""
        if self.scheme == "logarithmic":
            smallest = 1 - 2 ** (self.bits - 1)
            return _sign(ratio) * ratio.abs().log2().round().clamp(smallest, 0).exp2()
        if self.bits == 1:
            return _sign(ratio)
        return ratio.round().clamp(float(self.levels[0]), float(self.levels[-1]))

    def forward(self, parameter: Tensor) -> Tensor:
        size = self.size.abs().clamp(min=SMALLEST)
        ratio = (parameter / size).detach()
        level = self.level(ratio)
        # Within the range, a greater size also moves the weight to lower levels (arXiv:1902.08153, equation 3). A sign
        # does not change with the size.
        moves = (ratio > float(self.levels[0])) & (ratio < float(self.levels[-1])) if self.bits > 1 else False
        slope = level - ratio * moves
        weight: Tensor = _Rounded.apply(parameter, size, level, slope)  # type: ignore[no-untyped-call]  # untyped in torch
        return weight

    @torch.no_grad()
    def coded(self, parameter: Tensor) -> CodedTensor:
        size, levels = self.size.abs().clamp(min=SMALLEST), self.levels.to(parameter.device)
        codes = torch.searchsorted(levels, self.level(parameter / size).contiguous())
        return CodedTensor(codes.to(torch.uint8).cpu().numpy(), (size * levels).cpu().numpy())


class _Rounded(torch.autograd.Function):
    """size level. The parameter gets the gradient as it is, size the sum of gradient times slope, scaled down.

    The scale 1 / sqrt(n largest level) keeps its steps in proportion to those of the n weights (arXiv:1902.08153,
    section 2.2).
    """

    @staticmethod
    def forward(ctx: Any, _parameter: Tensor, size: Tensor, level: Tensor, slope: Tensor) -> Tensor:
        ctx.save_for_backward(slope)
        ctx.scale = 1 / sqrt(level.numel() * max(1.0, float(level.abs().max())))
        return size * level

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None]:
        (gradient,), (slope,) = gradients, ctx.saved_tensors
        return gradient, (ctx.scale * (gradient * slope).double().sum()).to(gradient.dtype), None, None


def _sign(values: Tensor) -> Tensor:
    """1 or -1, for 0 as well."""
    return torch.where(values >= 0, 1.0, -1.0).to(values.dtype)


def _levels(bits: int, scheme: Scheme) -> list[float]:
    half = 2 ** (bits - 1)
    if scheme == "logarithmic":
        powers = [2.0**exponent for exponent in range(1 - half, 1)]
        return [-power for power in reversed(powers)] + powers
    return [float(level) for level in range(-half, half)] if bits > 1 else [-1.0, 1.0]


@compressor("uniform")
class UniformQuantization(Compressor):
    """Trains on with weights, activations and gradients of 1 to 8 bits; null leaves them in 32-bit floats.

    weight_bits: of the layers' weights. activation_bits: of what activations such as ReLU put out, in the file too.
    gradient_bits: of the gradients at the outputs of the layers, in this training only. scheme: `linear` has even
    steps, `logarithmic` powers of two, with 2 to 4 bits. layers: `inner` leaves weights and gradients of the first and
    the last layer as they are, `all` does not. norm: `shift` lets batch norms multiply by powers of two only.
    distillation: share of the loss that follows the scores of the network before this stage.
    """

    def __init__(
        self,
        *,
        weight_bits: Bits | None = 4,
        activation_bits: Bits | None = 4,
        gradient_bits: Bits | None = None,
        scheme: Scheme = "linear",
        layers: Literal["inner", "all"] = "inner",
        norm: Literal["batch", "shift"] = "batch",
        distillation: Annotated[float, Field(ge=0, le=1)] = 0.5,
        recipe: Recipe = RECIPE,
    ) -> None:
        self.weight_bits, self.activation_bits, self.gradient_bits = weight_bits, activation_bits, gradient_bits
        self.scheme, self.layers, self.norm = scheme, layers, norm
        self.distillation, self.recipe = distillation, recipe
        self.epochs = recipe.epochs

    def compress(self, model: Model, bench: Bench) -> Model:
        self._check()
        criterion = _Criterion(self, model, bench)
        if self.activation_bits:
            network = with_activations(model.network, self.activation_bits, self.scheme)
            model = restore({**model.state(), "network": write_network(network)})
        chosen = chosen_layers(model.module, self.layers)
        if self.weight_bits:
            for layer in chosen:
                set_form(layer, Uniform(bits=self.weight_bits, scheme=self.scheme))
        if self.norm == "shift":
            use_shift_norms(model.module)
        with rounded_gradients(chosen, self.gradient_bits):
            tune(model, bench, self.recipe, criterion)
        settle_shift_norms(model.module)
        return model

    def _check(self) -> None:
        for field, bits in (("weight_bits", self.weight_bits), ("activation_bits", self.activation_bits)):
            if self.scheme == "logarithmic" and bits and bits not in LOGARITHMIC_BITS:
                raise CompressionError(
                    f"uniform.{field}: {bits} for powers of two; give {LOGARITHMIC_BITS[0]} to {LOGARITHMIC_BITS[-1]}, "
                    "or scheme: linear"
                )


def with_activations(network: Network, bits: int, scheme: Scheme) -> Network:
    """The network with activations of so many bits in place of nas.ops.rewriting.REPLACED."""
    act = f"uint{bits}" if scheme == "linear" else f"pow{bits}"
    return rewritten(network, lambda op: with_activation(op, act))


class _Criterion(Distillation):
    def __init__(self, stage: UniformQuantization, model: Model, bench: Bench) -> None:
        super().__init__(model, stage.distillation, bench, stage.recipe.label_smoothing)
        self.stage = stage

    def identity(self) -> Mapping[str, Any]:
        stage = self.stage
        bits = [stage.weight_bits, stage.activation_bits, stage.gradient_bits]
        return {**super().identity(), "bits": bits, "scheme": stage.scheme, "layers": stage.layers, "norm": stage.norm}
