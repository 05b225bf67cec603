"""Static quantization to 8-bit integers, calibrated on images and fine-tuned (arXiv:1712.05877, arXiv:1806.08342)."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from nas.compression.allocation.choice import Choice, choice
from nas.compression.bench import Bench
from nas.compression.distillation import Distillation
from nas.compression.folding import folded
from nas.compression.forms import WeightForm, form, layers, set_form
from nas.compression.low_bits.integers import calibrated, calibration_images, fastest
from nas.compression.low_bits.rounding import rounded_activations
from nas.compression.model import Model
from nas.compression.tuning import tune
from nas.compressor import Compressor, compressor
from nas.files import write_whole
from nas.ops.coded import CodedTensor
from nas.ops.onnx_graph import StateWeights, onnx_model
from nas.ops.torch_reading.activations import straight_through
from nas.quantization.qdq import quantised
from nas.quantization.recipes import RECIPES, StaticQuantization
from nas.training import Recipe
from nas.training.file_score import evaluate_file

FINE_TUNING = Recipe(epochs=3, learning_rate=1e-3, schedule="cosine", warmup=0.1, weight_decay=0.0, ema_decay=None)

TINY = float(np.finfo(np.float32).tiny)
"""A smaller scale is 1: all weights are 0, or as good as that."""


@form("integers")
class Integers(WeightForm):
    """The parameter rounded to 8-bit integers times a scale; the scale follows from its largest magnitude or its ends.

    Gradients pass the rounding unchanged. recipe: a name in nas.quantization.recipes.
    """

    def __init__(self, *, recipe: str) -> None:
        super().__init__()
        self.recipe = recipe

    @property
    def config(self) -> Mapping[str, Any]:
        return {"recipe": self.recipe}

    def extra_repr(self) -> str:
        return self.recipe  # so that the checkpoint of a training by another recipe is refused

    def trained(self, weight: Tensor) -> Tensor:
        return weight

    def forward(self, parameter: Tensor) -> Tensor:
        integers, scale, zero = self._rounded(parameter)
        return (integers - zero) * scale

    def coded(self, parameter: Tensor) -> CodedTensor:
        how = RECIPES[self.recipe]
        integers, scale, zero = self._rounded(parameter)
        first, last = (-how.weight_limit, how.weight_limit) if how.signed_weights else (-int(zero), 255 - int(zero))
        codes: NDArray[np.float32] = (integers - zero - first).cpu().numpy()
        scales = scale.flatten().expand(len(parameter)).cpu().numpy()
        return CodedTensor(codes.astype(np.uint8), np.arange(first, last + 1, dtype=np.float32), scales)

    def _rounded(self, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Integers shaped like the weight, in floats, scale [out, 1, ...] or [1, 1, ...], and the integer for 0 []."""
        how, fixed = RECIPES[self.recipe], weight.detach()
        axes = tuple(range(1 if how.per_channel else 0, fixed.dim()))
        if how.signed_weights:
            size, zero = fixed.abs().amax(axes, keepdim=True), fixed.new_zeros(())
            first, last, scale = -how.weight_limit, how.weight_limit, size / how.weight_limit
        else:
            low, high = fixed.amin().clamp(max=0), fixed.amax().clamp(min=0)
            first, last, scale = 0, 255, ((high - low) / 255).reshape([1] * fixed.dim())
            zero = (-low / scale.clamp(min=TINY)).round().squeeze()
        scale = torch.where(scale < TINY, 1, scale)
        scaled = weight / scale
        return (straight_through(scaled, scaled.round()) + zero).clamp(first, last), scale, zero


@compressor("int8")
class Int8(Compressor):
    """Weights and activations in 8-bit integers; the last stage but for entropy_coding.

    integers: a recipe of nas.quantization, or `measured` for the one that is fastest in ONNX Runtime on this machine,
    of those that cost no accuracy. fine_tuning: whether the network trains with its numbers rounded, after calibration;
    the result is kept if it is no less accurate on validation. distillation: share of the loss that follows the scores
    of the network before this stage. max_latency_ms: of an image on the device that the compression is for; blocks
    then stay in floats, those that lose most in integers, as far as the file is still fast enough, and the recipe is
    that of the device. Batch norms are folded.
    """

    def __init__(
        self,
        *,
        integers: Literal[
            "measured", "int8", "int8_fp32_stem", "int8_per_tensor", "int8_7bit", "int8_s8s8", "int8_u8u8"
        ] = "measured",
        fine_tuning: bool = True,
        distillation: Annotated[float, Field(ge=0, le=1)] = 0.5,
        max_latency_ms: Annotated[float, Field(gt=0, le=1e6)] | None = None,
        recipe: Recipe = FINE_TUNING,
    ) -> None:
        self.integers, self.fine_tuning, self.distillation, self.recipe = integers, fine_tuning, distillation, recipe
        self.max_latency_ms = max_latency_ms
        self.epochs = recipe.epochs if fine_tuning else 0

    def compress(self, model: Model, bench: Bench) -> Model:
        network, model = model.network, folded(model)
        model.module.to(bench.device)
        if self.max_latency_ms is None:
            chosen = Choice(self._chosen(model, bench))
        else:
            chosen = choice(network, _floats(model), self.max_latency_ms, self.integers, bench)
        teacher = Distillation(model, self.distillation, bench, self.recipe.label_smoothing)
        by_path = [(path, layer) for path, layer in layers(model.module).items() if not chosen.is_float(path)]
        for _, layer in by_path[RECIPES[chosen.recipe].float_layers :]:
            set_form(layer, Integers(recipe=chosen.recipe))
        ranges = _ranges(model, chosen, bench)
        if not self.fine_tuning or not by_path:
            return replace(model, integers=ranges)
        accuracy = _accuracy(model, ranges, bench)
        before = copy.deepcopy(model.module.state_dict())
        side, signed = model.network.input.height, RECIPES[chosen.recipe].signed_activations
        batches = (torch.from_numpy(images).to(bench.device) for images in calibration_images(bench.dataset, side))
        with rounded_activations(model.module, batches, signed=signed, floats=chosen.members):
            tune(model, bench, self.recipe, teacher)
        tuned = _ranges(model, chosen, bench)
        if _accuracy(model, tuned, bench) >= accuracy:
            return replace(model, integers=tuned)
        model.module.load_state_dict(before)
        return replace(model, integers=ranges)

    def _chosen(self, model: Model, bench: Bench) -> str:
        """The recipe; a measured one is kept beside the checkpoint, as another might be faster at the next call."""
        if self.integers != "measured":
            return self.integers
        kept = bench.checkpoint.with_suffix(".integers") if bench.checkpoint else None
        if kept and kept.exists() and (found := kept.read_text()) in RECIPES:
            return found
        chosen = fastest(_floats(model), bench.dataset, model.network.input.height)
        if kept:
            write_whole(kept, chosen)
        return chosen


def _floats(model: Model) -> bytes:
    """The model as a float32 ONNX file."""
    data: bytes = onnx_model(model.network, StateWeights(model.numbers())).SerializeToString()
    return data


def _ranges(model: Model, chosen: Choice, bench: Bench) -> StaticQuantization:
    """The ranges of the model's activations for the recipe, and what stays in floats."""
    found = calibrated(_floats(model), chosen.recipe, bench.dataset, model.network.input.height)
    return replace(found, floats=chosen.tensors)


def _accuracy(model: Model, ranges: StaticQuantization, bench: Bench) -> float:
    """Of the model's file with these ranges, on validation."""
    images = bench.dataset
    split = (images.validation, images.mean, images.std, model.network.input.height)
    return evaluate_file(quantised(_floats(model), ranges), *split).accuracy
