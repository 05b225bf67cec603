"""A network in the course of its compression: what each compressor takes and returns."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from nas.compression.forms import coded_weight, form, form_of, layers, set_form
from nas.container.file import Storage
from nas.ops import Network
from nas.ops.coded import CodedTensor
from nas.ops.notation import read_network, write_network
from nas.ops.torch_reading.module import build
from nas.quantization.recipes import StaticQuantization

PLAIN = Storage()


@dataclass(frozen=True, slots=True)
class Model:
    """A network with trained weights, some of them in a form (nas.compression.forms).

    network: the expression; module: its torch reading, in evaluation mode between compressors; storage: how its file
    is written; integers: how its ONNX file computes in 8-bit integers, None for 32-bit floats.
    """

    network: Network
    module: nn.Module
    storage: Storage = PLAIN
    integers: StaticQuantization | None = None

    def weights(self) -> dict[str, NDArray[np.generic] | CodedTensor]:
        """The weights that the layers use and all other state, by name: codes where the form has codes."""
        found: dict[str, NDArray[np.generic] | CodedTensor] = {}
        for path, layer in layers(self.module).items():
            coded = coded_weight(layer)
            found[f"{path}.weight"] = layer.weight.detach().cpu().numpy() if coded is None else coded
        for name, value in self.module.state_dict().items():
            if ".parametrizations." not in name:
                found.setdefault(name, value.detach().cpu().numpy())
        return found

    def numbers(self) -> dict[str, NDArray[np.generic]]:
        """weights() without codes."""
        return {name: w.values() if isinstance(w, CodedTensor) else w for name, w in self.weights().items()}

    def plain(self) -> nn.Module:
        """A module without forms that has the same weights and scores, in evaluation mode.

        A deep copy would not do: copies of a parametrized layer share its class, which a change of the form changes.
        """
        module = build(self.network, seed=0)
        module.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in self.numbers().items()})
        return module.eval()

    @property
    def digest(self) -> str:
        """Of the network's state as it is trained: 16 hexadecimal digits."""
        digest = hashlib.sha256()
        for name, value in self.module.state_dict().items():
            digest.update(name.encode())
            digest.update(value.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]

    def state(self) -> dict[str, Any]:
        """All that restore needs, as tensors and JSON values."""
        forms = {path: part for path, layer in layers(self.module).items() if (part := form_of(layer))}
        return {
            "network": write_network(self.network),
            "forms": {path: [part.name, dict(part.config)] for path, part in forms.items()},
            "module": self.module.state_dict(),
            "storage": asdict(self.storage),
            "integers": self.integers and self.integers.described(),
        }


def restore(state: Mapping[str, Any]) -> Model:
    """The model whose state was kept."""
    network = read_network(state["network"])
    module = build(network, seed=0)
    by_path = layers(module)
    for path, (name, config) in state["forms"].items():
        set_form(by_path[path], form[name](**config))
    module.load_state_dict(state["module"])
    integers = StaticQuantization.read(state["integers"]) if state["integers"] else None
    return Model(network, module.eval(), Storage(**state["storage"]), integers)
