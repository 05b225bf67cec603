"""Magnitude pruning on a gradual schedule (Deep Compression, arXiv:1510.00149, section 2; arXiv:1710.01878)."""

from typing import Literal

from nas.compression.bench import Bench
from nas.compression.model import Model
from nas.compression.pruning import RECIPE, SPARSITY, Pruning, Sparsity, mask_weights
from nas.compression.tuning import tune
from nas.compressor import Compressor, compressor
from nas.errors import CompressionError
from nas.training import Recipe


@compressor("prune")
class Prune(Compressor):
    """Sets the smallest weights to 0 while the network trains on.

    density: share of the weights that stay, for all layers or one number for each layer in the network's order. scope:
    `layer` keeps this share of each layer, `global` this share of all, wherever the largest are. ramp: share of the
    training over which the density falls from 1, by the cubic law of arXiv:1710.01878. distillation: share of the loss
    that follows the scores of the network before pruning.
    """

    def __init__(
        self,
        *,
        sparsity: Sparsity = SPARSITY,
        scope: Literal["layer", "global"] = "layer",
        recipe: Recipe = RECIPE,
    ) -> None:
        self.sparsity, self.scope, self.recipe = sparsity, scope, recipe
        self.epochs = recipe.epochs

    def compress(self, model: Model, bench: Bench) -> Model:
        together = self.scope == "global"
        if together and isinstance(self.sparsity.density, tuple):
            raise CompressionError("prune.density: one number for all layers goes with scope: global")
        smoothing = self.recipe.label_smoothing
        pruning = Pruning(model, self.sparsity, bench, label_smoothing=smoothing, together=together)
        mask_weights(model)
        tune(model, bench, self.recipe, pruning)
        return model
