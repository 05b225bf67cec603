"""Pruning of weights or channels on a gradual schedule (Deep Compression, section 2; arXiv:1710.01878, 1906.10771)."""

from typing import Literal

from nas.compression.bench import Bench
from nas.compression.model import Model
from nas.compression.pruning.channels import ChannelPruning
from nas.compression.pruning.weights import RECIPE, SPARSITY, Pruning, Sparsity, mask_weights
from nas.compression.tuning import tune
from nas.compressor import Compressor, compressor
from nas.errors import CompressionError
from nas.training import Recipe


@compressor("prune")
class Prune(Compressor):
    """Sets the smallest weights to 0 while the network trains on, or takes its least channels out.

    structure: `weights` leaves the network as it is, with zeros; `channels` makes it narrower, so that it also needs
    less time, and has no zeros. density: share of the weights or channels that stay, for all layers, or of weights one
    number for each layer in the network's order. scope: `layer` keeps this share of each layer, `global` this share of
    all, wherever the largest are. ramp: share of the training over which the density falls from 1, by the cubic law of
    arXiv:1710.01878. distillation: share of the loss that follows the scores of the network before pruning.
    """

    def __init__(
        self,
        *,
        sparsity: Sparsity = SPARSITY,
        scope: Literal["layer", "global"] = "layer",
        structure: Literal["weights", "channels"] = "weights",
        recipe: Recipe = RECIPE,
    ) -> None:
        self.sparsity, self.scope, self.structure, self.recipe = sparsity, scope, structure, recipe
        self.epochs = recipe.epochs

    def compress(self, model: Model, bench: Bench) -> Model:
        if self.structure == "channels":
            return self._narrower(model, bench)
        together, smoothing = self.scope == "global", self.recipe.label_smoothing
        if together and isinstance(self.sparsity.density, tuple):
            raise CompressionError("prune.density: one number for all layers goes with scope: global")
        pruning = Pruning(model, self.sparsity, bench, label_smoothing=smoothing, together=together)
        mask_weights(model)
        tune(model, bench, self.recipe, pruning)
        return model

    def _narrower(self, model: Model, bench: Bench) -> Model:
        smoothing, together = self.recipe.label_smoothing, self.scope == "global"
        pruning = ChannelPruning(model, self.sparsity, bench, label_smoothing=smoothing, together=together)
        model.module.to(bench.device)
        mask_weights(model)
        with pruning.watching(model.module, bench.device):
            tune(model, bench, self.recipe, pruning)
        return pruning.narrower(model)
