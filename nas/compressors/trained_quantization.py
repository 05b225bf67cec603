"""Trained quantization: weights share the values of a codebook (Deep Compression, arXiv:1510.00149, section 3)."""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nas.compression.bench import Bench
from nas.compression.clustering.codebooks import RECIPE, Bits, Method, clustered
from nas.compression.clustering.moving_codes import MovingCodes, following
from nas.compression.distillation import Distillation
from nas.compression.forms import Layer, layers, set_form
from nas.compression.model import Model
from nas.compression.tuning import by_layer, tune
from nas.compressor import Compressor, compressor
from nas.ops.coded import MAX_LEVELS
from nas.training import Recipe


@compressor("trained_quantization")
class TrainedQuantization(Compressor):
    """Clusters the weights of each layer by k-means, then trains the centres; pruned weights stay 0.

    bits: of a code, for all layers or one number for each layer in the network's order: 2^bits values a layer, with
    the 0 of pruned weights beside them, as they are not stored. method: `lloyd` from evenly spread centres as in the
    paper, or `optimal` for the least sum of squares. codes: `fixed` as in the paper, where only centres are trained, or
    `moving`, where the weights are trained as well: each takes the centre that it is nearest to, and centres follow the
    weights in the first half of the training. distillation: share of the loss that follows the scores of the network
    before this stage.
    """

    def __init__(
        self,
        *,
        bits: Bits | tuple[Bits, ...] = 5,
        method: Method = "lloyd",
        codes: Literal["fixed", "moving"] = "fixed",
        distillation: Annotated[float, Field(ge=0, le=1)] = 0.5,
        recipe: Recipe = RECIPE,
    ) -> None:
        self.bits, self.method, self.codes, self.distillation, self.recipe = bits, method, codes, distillation, recipe
        self.epochs = recipe.epochs

    def compress(self, model: Model, bench: Bench) -> Model:
        found = list(layers(model.module).values())
        bits = by_layer(self.bits, len(found), "trained_quantization.bits")
        moving = self.codes == "moving"
        criterion = (MovingCodes if moving else Distillation)(
            model, self.distillation, bench, self.recipe.label_smoothing
        )
        made = following if moving else clustered
        for layer, width in zip(found, bits, strict=True):
            set_form(layer, made(used(layer), 2**width, self.method))
        tune(model, bench, self.recipe, criterion)
        for layer in found if moving else ():
            set_form(layer, clustered(used(layer), MAX_LEVELS, self.method))  # as they are: they take few values
        return model


def used(layer: Layer) -> NDArray[np.float32]:
    """The weight that the layer uses."""
    weight: NDArray[np.float32] = layer.weight.detach().cpu().numpy()
    return weight
