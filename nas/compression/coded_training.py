"""Training a network some of whose weights are to be codes: they are rounded to their values from the first step on.

Gradients pass as each form of weights says. Weights are pruned in the first half of the training, by magnitude.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from torch import nn

from nas.compression.bench import Bench
from nas.compression.forms import Layer, WeightForm, form, form_of, glorot_bound, layers, parameter_of, set_form
from nas.compression.model import Model
from nas.compression.packing import packed
from nas.compression.pruning.weights import Pruning, Sparse, Sparsity
from nas.container.file import Storage, read
from nas.dataset import Dataset
from nas.ops import Network
from nas.ops.layers import weighted_layers
from nas.ops.onnx_graph import onnx_model
from nas.ops.precisions import FLOAT32
from nas.ops.torch_reading.module import build
from nas.training import Recipe
from nas.training.file_score import evaluate_file
from nas.training.fit import Fitted, fit
from nas.training.score import Score

STORAGE = Storage("context", half=True)
"""16 bits for numbers without codes. Fewer for biases would lose those of channels without weights, which are large."""

THRESHOLD = 0.15
"""Of ternary weights, near the least squared error of normally distributed ones."""

_FORMS: dict[str, tuple[str, Callable[[Layer], dict[str, Any]]]] = {
    "int8": ("integers", lambda _: {"recipe": "int8"}),
    "int4": ("uniform", lambda _: {"bits": 4, "scheme": "linear"}),
    "ternary": ("ternary", lambda _: {"threshold": THRESHOLD}),
    "binary": ("binary", lambda layer: {"bound": glorot_bound(layer)}),
}
"""By precision, the name of the form of weights and its configuration for a layer."""


def train_coded(network: Network, recipe: Recipe, bench: Bench, until: int | None = None) -> tuple[Model, Fitted]:
    """The network trained from weights of the seed, with the precision and density that its expression gives them.
    until: as of nas.training.fit.fit.

    There is no moving average of weights: the average of rounded ones is not rounded.
    """
    module = build(network, bench.seed)
    _set_forms(network, module)
    model = Model(network, module, STORAGE)
    fitted = fit(
        module,
        bench.dataset,
        replace(recipe, ema_decay=None),
        seed=bench.seed,
        report=bench.report,
        device=bench.device,
        resolution=network.input.height,
        checkpoint_path=bench.checkpoint,
        until=until,
        criterion=_Criterion(model, bench, recipe),
    )
    module.cpu()
    return model, fitted


def file_score(model: Model, dataset: Dataset) -> tuple[bytes, Score]:
    """The model's compressed file, and the score of what it unpacks to on the validation images."""
    file = packed(model, dataset)
    onnx = onnx_model(model.network, read(file)).SerializeToString()
    return file, evaluate_file(onnx, dataset.validation, dataset.mean, dataset.std, model.network.input.height)


def _set_forms(network: Network, module: nn.Module) -> None:
    """Give the module's weights the forms that the network's expression says."""
    by_path = layers(module)
    for declared in weighted_layers(network):
        if declared.precision == FLOAT32:
            continue
        layer = by_path[declared.path]
        name, config = _FORMS[declared.precision]
        made: WeightForm = form[name](**config(layer))
        if declared.density < 1:
            made = Sparse(shape=tuple(layer.weight.shape), form=(name, made.config))
        set_form(layer, made)


class _Criterion(Pruning):
    def __init__(self, model: Model, bench: Bench, recipe: Recipe) -> None:
        densities = {layer.path: layer.density for layer in weighted_layers(model.network)}
        in_order = tuple(densities[path] for path in layers(model.module))
        super().__init__(model, Sparsity(in_order, distillation=0.0), bench, label_smoothing=recipe.label_smoothing)

    def after_step(self, module: nn.Module) -> None:
        for layer in layers(module).values():
            found = form_of(layer)
            if found is not None:
                found.clip(parameter_of(layer))
