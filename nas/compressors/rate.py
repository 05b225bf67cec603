"""Pruning by rate: a weight stays where it is worth the bits that it costs in the file."""

from math import log

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from nas.compression.bench import Bench
from nas.compression.forms import Layer
from nas.compression.model import Model
from nas.compression.pruning.weights import RECIPE, SPARSITY, Pruning, Sparsity, mask_weights
from nas.compression.tuning import tune
from nas.compressor import Compressor, compressor
from nas.ops import Shape
from nas.ops.layers import weighted_layers
from nas.training import Recipe

LEVEL_BITS = 2.5
"""Of the level of a weight that stays."""
FEWEST_BITS = 1.0
LEAST = 1e-6
"""A density is never taken as nearer to 0 or 1."""


@compressor("rate")
class Rate(Compressor):
    """Prunes as `prune` does, but costly weights first.

    A coder that predicts needs more bits for a weight in a row or a column that is nearly empty than for one among
    others. Where the error grows with the square of what is removed, the fewest bits for an error are those of the
    weights with the largest w^2 / bits. Rows and columns so become empty as a whole, which costs next to nothing.

    density, ramp, distillation: as of `prune`, by layer.
    """

    def __init__(self, *, sparsity: Sparsity = SPARSITY, recipe: Recipe = RECIPE) -> None:
        self.sparsity, self.recipe = sparsity, recipe
        self.epochs = recipe.epochs

    def compress(self, model: Model, bench: Bench) -> Model:
        pruning = _ByRate(model, self.sparsity, bench, label_smoothing=self.recipe.label_smoothing)
        pruning.fields = {layer.path: layer.field for layer in weighted_layers(model.network)}
        mask_weights(model)
        tune(model, bench, self.recipe, pruning)
        return model


class _ByRate(Pruning):
    """Worth is |w| / sqrt(bits): it has the order of w^2 / bits."""

    fields: dict[str, Shape]

    def worth(self, path: str, layer: Layer, mask: Tensor) -> Tensor:
        return super().worth(path, layer, mask) / kept_bits(mask, self.fields[path]).sqrt()


def kept_bits(mask: Tensor, field: Shape) -> Tensor:
    """Bits that it costs to keep each weight rather than prune it, shaped as mask [out, ...] = [out, *field].

    The probability that a weight is kept follows from the densities of its row and of its column, and for weights over
    an image, of the columns around: independent pieces of evidence, whose logits add up.
    """
    outputs = len(mask)
    kept = mask.reshape(outputs, *field).float()
    total, rows, columns = kept.mean(), kept.flatten(1).mean(1), kept.mean(0)
    if min(field.height, field.width) > 2:  # noqa: PLR2004 - there is a neighbourhood
        columns = (columns + avg_pool2d(columns[None], 3, 1, 1, count_include_pad=False)[0]) / 2
    columns = (columns * outputs + total) / (outputs + 1)  # as if one more weight had the density of all
    rows = (rows * columns.numel() + total) / (columns.numel() + 1)
    logits = torch.logit(columns, LEAST) + torch.logit(rows, LEAST)[:, None, None, None] - torch.logit(total, LEAST)
    return (LEVEL_BITS - logits / log(2)).clamp(min=FEWEST_BITS).reshape(mask.shape)
