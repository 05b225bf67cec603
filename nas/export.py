"""Export: a trained network as an ONNX file that is tested as it is shipped, and says in itself what it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import nn

from nas.augment import normalised, tensor
from nas.dataset import Dataset, Split
from nas.errors import ExportError
from nas.metadata import stamped
from nas.ops import Network
from nas.ops.notation import write_network
from nas.ops.onnx_graph import StateWeights, onnx_model

BATCH_SIZE = 256
PARITY_IMAGES = 256
PARITY = 1e-3
"""Largest difference to torch, relative to the largest score, with which a file is shipped."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A file, and what running it showed: accuracy on the test split, the largest difference of a score to torch's."""

    file: bytes
    test_accuracy: float
    max_abs_difference: float


def export(network: Network, module: nn.Module, dataset: Dataset, about: Mapping[str, Any]) -> Exported:
    """The trained module as an ONNX file that was tested in ONNX Runtime.

    Its metadata properties hold, as JSON, about and: notation, classes, normalisation. ExportError if its scores are
    not torch's.
    """
    state = {name: value.detach().cpu().numpy() for name, value in module.state_dict().items()}
    metadata = {
        "notation": write_network(network),
        "classes": list(dataset.classes),
        "normalisation": {"scale": 1 / 255, "mean": list(dataset.mean), "std": list(dataset.std)},
        **about,
    }
    file = stamped(onnx_model(network, StateWeights(state)), metadata)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    difference = _difference(session, module, _inputs(dataset.test, dataset, network, 0, PARITY_IMAGES))
    return Exported(file, _accuracy(session, dataset, network), difference)


def _inputs(split: Split, dataset: Dataset, network: Network, start: int, count: int) -> torch.Tensor:
    images = tensor(split.images[start : start + count])
    return normalised(images, dataset.mean, dataset.std, network.input.height)


def _scores(session: onnxruntime.InferenceSession, inputs: torch.Tensor) -> NDArray[np.float32]:
    scores: NDArray[np.float32] = session.run(None, {"image": inputs.contiguous().numpy()})[0]
    return scores


def _difference(session: onnxruntime.InferenceSession, module: nn.Module, inputs: torch.Tensor) -> float:
    """Largest absolute difference between the file's and the module's scores; ExportError if it is too large."""
    module.eval().cpu()
    with torch.inference_mode():
        expected = module(inputs).numpy()
    difference = float(np.abs(_scores(session, inputs) - expected).max())
    allowed = PARITY * max(1.0, float(np.abs(expected).max()))
    if not difference <= allowed:
        raise ExportError(f"the exported scores differ from torch's by {difference:.2g}, more than {allowed:.2g}")
    return difference


def _accuracy(session: onnxruntime.InferenceSession, dataset: Dataset, network: Network) -> float:
    split, correct = dataset.test, 0
    for start in range(0, len(split), BATCH_SIZE):
        scores = _scores(session, _inputs(split, dataset, network, start, BATCH_SIZE))
        correct += int((scores.argmax(1) == split.labels[start : start + BATCH_SIZE]).sum())
    return correct / len(split)
