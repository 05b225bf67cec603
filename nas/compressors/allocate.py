"""Bits and density of each layer for a size, by measured sensitivities (as HAWQ-V3 does for bits, arXiv:2011.10680)."""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Annotated

import torch
from pydantic import Field

from nas.compression.allocation.sensitivity import Option, allocated, chosen_for, few_values, measured, short
from nas.compression.bench import Bench
from nas.compression.clustering.codebooks import Bits, clustered
from nas.compression.distillation import Distillation
from nas.compression.forms import coded_weight, layers, parameter_of, set_form
from nas.compression.low_bits.integers import calibration_images
from nas.compression.model import Model
from nas.compression.packing import packed
from nas.compression.pruning.weights import RECIPE, Density, Pruning, Sparsity, mask_weights
from nas.compression.tuning import tune
from nas.compressor import Compressor, compressor
from nas.container.file import Storage, weight_bytes
from nas.errors import CompressionError
from nas.ops.cost import network_cost
from nas.ops.limits import FLOAT_BYTES
from nas.training import Recipe, checkpoint

STORAGE = Storage("context", half=True, bias_bits=8)
"""How the file is written: as entropy_coding does by default."""

RESERVED = 0.002
"""Share of the file that is left for what training changes: whether numbers fit in 16 bits, values that coincide."""

BATCH_SIZE = 64

LEVEL_EPOCHS, LEVEL_RATE = 1 / 3, 1 / 100
"""Of the training of the levels, as shares of the epochs and of the learning rate of the training that prunes."""


@compressor("allocate")
class Allocate(Compressor):
    """Prunes each layer to a density and quantizes it to bits of its own, so that the file is of a given size.

    max_bytes: of the compressed file; null for `ratio` times less than the network takes in 32-bit floats. densities,
    bits: what those of a layer may be. The loss of each option of each layer is measured on 256 training images, its
    bytes with the coder, and the options of least loss within the size are found exactly. Then the network is pruned
    while it trains, as `prune` does; the bits are chosen again, for the bytes that it then takes; and the values of the
    weights are trained, as `trained_quantization` does, for a third of the epochs at a hundredth of the learning rate.
    ramp, distillation: as of `prune`. The file is written as by `entropy_coding`.
    """

    def __init__(
        self,
        *,
        max_bytes: Annotated[int, Field(ge=1)] | None = None,
        ratio: Annotated[float, Field(gt=1)] = 20.0,
        densities: Annotated[tuple[Density, ...], Field(min_length=1)] = (1.0, 0.5, 0.3, 0.2, 0.1),
        bits: Annotated[tuple[Bits, ...], Field(min_length=1)] = (1, 2, 3, 4, 6),
        ramp: Annotated[float, Field(gt=0, le=1)] = 0.5,
        distillation: Annotated[float, Field(ge=0, le=1)] = 0.5,
        recipe: Recipe = RECIPE,
    ) -> None:
        self.max_bytes, self.ratio, self.densities, self.bits = max_bytes, ratio, densities, bits
        self.ramp, self.distillation, self.recipe = ramp, distillation, recipe
        self.levels = replace(
            recipe,
            epochs=ceil(LEVEL_EPOCHS * recipe.epochs),
            learning_rate=LEVEL_RATE * recipe.learning_rate,
            warmup=0.0,
            weight_decay=0.0,
        )
        self.epochs = recipe.epochs + self.levels.epochs

    def compress(self, model: Model, bench: Bench) -> Model:
        model = replace(model, storage=STORAGE)
        model.module.to(bench.device)
        most = self.max_bytes or int(FLOAT_BYTES * network_cost(model.network).params / self.ratio)
        teacher = Distillation(model, self.distillation, bench, self.recipe.label_smoothing)
        options, rest = self._options(model, bench), _rest(model, bench)
        densities = [option.density for option in _chosen(options, most, rest)]
        begun = self._prune(model, densities, bench)
        chosen = _chosen(_at(options, densities, model), most, rest)
        taken = {(option.layer, option.density, option.bits) for option in chosen}
        rows = [option.row() for of_layer in options for option in of_layer]
        bench.note(
            "sensitivities",
            [{**row, "chosen": (row["layer"], row["density"], row["bits"]) in taken} for row in rows],
        )
        for layer, option in zip(layers(model.module).values(), chosen, strict=True):
            set_form(layer, clustered(layer.weight.detach().cpu().numpy(), 2**option.bits, "lloyd"))
        after = replace(bench, report=lambda epoch, metrics: bench.report(begun + epoch, metrics))
        tune(model, after, self.levels, teacher)
        for layer in layers(model.module).values():
            parameter_of(layer).data = short(parameter_of(layer).data)
        if (found := len(packed(model, bench.dataset))) > most:
            raise CompressionError(f"allocate: the file takes {found} bytes after training; give max_bytes of {found}")
        return model

    def _options(self, model: Model, bench: Bench) -> list[list[Option]]:
        """The options of each layer; they are kept beside the checkpoint, as measuring them takes minutes."""
        kept = _beside(bench, "options")
        identity = {"data": bench.dataset.digest, "densities": list(self.densities), "bits": list(self.bits)}
        if kept and (state := checkpoint.load(kept, identity, "cpu")):
            return [[Option(**row) for row in of_layer] for of_layer in state["options"]]
        images = calibration_images(bench.dataset, model.network.input.height)
        batches = torch.split(torch.cat([torch.from_numpy(batch) for batch in images]).to(bench.device), BATCH_SIZE)
        options = measured(model, batches, self.densities, self.bits, STORAGE)
        if kept:
            checkpoint.save(kept, identity, {"options": [[one.row() for one in of_layer] for of_layer in options]})
        return options

    def _prune(self, model: Model, densities: Sequence[float], bench: Bench) -> int:
        """Train the model while each layer is pruned to its density; returns the number of epochs."""
        if min(densities) == 1:
            return 0
        sparsity = Sparsity(tuple(densities), self.ramp, self.distillation)
        pruning = Pruning(model, sparsity, bench, label_smoothing=self.recipe.label_smoothing)
        mask_weights(model)
        tune(model, replace(bench, checkpoint=_beside(bench, "pruned")), self.recipe, pruning)
        return self.recipe.epochs


def _beside(bench: Bench, name: str) -> Path | None:
    """A file beside the checkpoint."""
    return bench.checkpoint.with_name(f"{bench.checkpoint.name}-{name}") if bench.checkpoint else None


def _rest(model: Model, bench: Bench) -> int:
    """Bytes of the model's file but for the weights of its layers."""
    whole = replace(model, module=model.plain())
    for layer in layers(whole.module).values():
        set_form(layer, clustered(layer.weight.detach().numpy(), 1, "lloyd"))
    by_path = layers(whole.module)
    coded = [(layer, coded_weight(by_path[layer.path])) for layer in chosen_for(model)]
    of_weights = sum(weight_bytes(weight, layer, STORAGE) for layer, weight in coded if weight)
    return len(packed(whole, bench.dataset)) - of_weights


def _chosen(options: Sequence[Sequence[Option]], most: int, rest: int) -> list[Option]:
    """The option of each layer for a file of at most so many bytes, the rest of it being given."""
    chosen = allocated(options, int((1 - RESERVED) * most) - rest)
    if chosen is None:
        fewest = rest + sum(min(option.size_bytes for option in of_layer) for of_layer in options)
        raise CompressionError(
            f"allocate.max_bytes: {most} bytes are too few: with the options of fewest bytes, the file takes {fewest}; "
            f"give max_bytes of {ceil(fewest / (1 - RESERVED))} or more, or fewer `bits` or lower `densities`"
        )
    return chosen


def _at(options: Sequence[Sequence[Option]], densities: Sequence[float], model: Model) -> list[list[Option]]:
    """The options of these densities, with the bytes of the weights that the layers of the model have now."""
    found = []
    for of_layer, density, layer in zip(options, densities, chosen_for(model), strict=True):
        weight = layers(model.module)[layer.path].weight.detach().cpu().numpy()
        found.append(
            [
                replace(option, size_bytes=weight_bytes(few_values(weight, option.bits), layer, STORAGE))
                for option in of_layer
                if option.density == density
            ]
        )
    return found
