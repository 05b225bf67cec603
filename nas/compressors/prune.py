"""Magnitude pruning on a gradual schedule (Deep Compression, arXiv:1510.00149, section 2; arXiv:1710.01878)."""

from typing import Annotated, Literal

from pydantic import Field

from nas.compression.bench import Bench
from nas.compression.forms import layers
from nas.compression.model import Model
from nas.compression.pruning import RECIPE, Density, Pruning, Ramp, mask_weights
from nas.compression.tuning import by_layer, tune
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
        density: Density | tuple[Density, ...] = 0.1,
        scope: Literal["layer", "global"] = "layer",
        ramp: Annotated[float, Field(gt=0, le=1)] = 0.5,
        distillation: Annotated[float, Field(ge=0, le=1)] = 0.5,
        recipe: Recipe = RECIPE,
    ) -> None:
        self.density, self.scope, self.ramp, self.distillation, self.recipe = density, scope, ramp, distillation, recipe
        self.epochs = recipe.epochs

    def compress(self, model: Model, bench: Bench) -> Model:
        if self.scope == "global" and isinstance(self.density, tuple):
            raise CompressionError("prune.density: one number for all layers goes with scope: global")
        densities = by_layer(self.density, len(layers(model.module)), "prune.density")
        pruning = Pruning(
            model,
            Ramp(densities, self.ramp),
            bench,
            distillation=self.distillation,
            label_smoothing=self.recipe.label_smoothing,
            together=self.scope == "global",
        )
        mask_weights(model)
        tune(model, bench, self.recipe, pruning)
        return model
