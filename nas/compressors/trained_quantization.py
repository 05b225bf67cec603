"""Trained quantization: weights share the values of a codebook (Deep Compression, arXiv:1510.00149, section 3)."""

from typing import Annotated, Literal

from pydantic import Field

from nas.compression.bench import Bench
from nas.compression.codebooks import RECIPE, Bits, clustered
from nas.compression.distillation import Distillation
from nas.compression.forms import layers, set_form
from nas.compression.model import Model
from nas.compression.tuning import by_layer, tune
from nas.compressor import Compressor, compressor
from nas.training import Recipe


@compressor("trained_quantization")
class TrainedQuantization(Compressor):
    """Clusters the weights of each layer by k-means, then trains the centres; pruned weights stay 0.

    bits: of a code, for all layers or one number for each layer in the network's order: 2^bits values a layer, with
    the 0 of pruned weights beside them, as they are not stored. method: `lloyd` from evenly spread centres as in the
    paper, or `optimal` for the least sum of squares. distillation: share of the loss that follows the scores of the
    network before this stage.
    """

    def __init__(
        self,
        *,
        bits: Bits | tuple[Bits, ...] = 5,
        method: Literal["lloyd", "optimal"] = "lloyd",
        distillation: Annotated[float, Field(ge=0, le=1)] = 0.5,
        recipe: Recipe = RECIPE,
    ) -> None:
        self.bits, self.method, self.distillation, self.recipe = bits, method, distillation, recipe
        self.epochs = recipe.epochs

    def compress(self, model: Model, bench: Bench) -> Model:
        found = list(layers(model.module).values())
        bits = by_layer(self.bits, len(found), "trained_quantization.bits")
        teacher = Distillation(model, self.distillation, bench.device, self.recipe.label_smoothing)
        for layer, width in zip(found, bits, strict=True):
            set_form(layer, clustered(layer.weight.detach().cpu().numpy(), 2**width, self.method))
        tune(model, bench, self.recipe, teacher)
        return model
