"""Batch norms folded into their convolutions, as in the files of a network."""

from dataclasses import replace

import torch

from nas.compression.model import Model
from nas.ops.layers import weighted_layers
from nas.ops.rewriting import without_norms
from nas.ops.torch_reading.module import build
from nas.ops.weights import StateWeights


def folded(model: Model) -> Model:
    """The model with a bias in place of each convolution's batch norm, in evaluation mode; it has the same scores.

    Forms of weights are lost.
    """
    network, numbers = without_norms(model.network), model.numbers()
    module, weights = build(network, seed=0), StateWeights(numbers)
    state = {name: torch.tensor(numbers[name]) for name in module.state_dict() if name in numbers}
    for layer in weighted_layers(model.network):
        if layer.folds:
            weight, bias = weights.folded(layer.path.removesuffix(".conv"), layer.shape)
            state |= {f"{layer.path}.weight": torch.tensor(weight), f"{layer.path}.bias": torch.tensor(bias)}
    module.load_state_dict(state)
    return replace(model, network=network, module=module.eval())
