"""Export: a trained network as an ONNX file with metadata; the file itself is tested."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import nn

from nas.compression.low_bits.integers import calibrated
from nas.dataset import Dataset, Labels, Split
from nas.errors import ExportError
from nas.images.model_input import ModelInput
from nas.images.pixel_graph import with_pixels
from nas.images.preprocessing import Preprocessing, metadata
from nas.onnx_file.metadata import annotated, properties, stamped
from nas.ops import Network
from nas.ops.notation import read_network
from nas.ops.onnx_graph import StateWeights, onnx_model
from nas.quantization.qdq import is_quantised, quantised
from nas.training.batches import at_once, normalised
from nas.training.tensors import tensor

BATCH_SIZE = 256
PARITY_IMAGES = 256
PARITY = 1e-3
"""Largest accepted difference to the scores of torch, or of ONNX Runtime, relative to the largest score."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A file, its accuracy on the test split, and the largest difference of its scores to torch's."""

    file: bytes
    test_accuracy: float
    max_abs_difference: float


def export(network: Network, module: nn.Module, dataset: Dataset, about: Mapping[str, Any]) -> Exported:
    """The trained module as an ONNX file that was tested in ONNX Runtime.

    Its metadata properties hold, as JSON, those of about, and notation, classes, normalisation, preprocessing.
    ExportError if its scores differ from torch's.
    """
    state = {name: value.detach().cpu().numpy() for name, value in module.state_dict().items()}
    about = {**metadata(network, dataset.classes, Preprocessing.of(dataset, network)), **about}
    file = stamped(onnx_model(network, StateWeights(state)), about)
    session = _session(file)
    images, _ = next(test_batches(dataset, network))
    difference, largest = _difference(session, module, images[:PARITY_IMAGES])
    check_parity(difference, largest, "torch")
    return Exported(file, _accuracy(session, _arrays(dataset, network)), difference)


def with_pixel_input(file: bytes, dataset: Dataset) -> Exported:
    """An exported file as one with input UINT8, tested in ONNX Runtime on the pictures of the test split.

    Its difference is that to the given file's scores. ExportError if it is too large, unless the file computes in
    integers.
    """
    model = onnx.load_from_string(file)
    about = properties(model)
    network = read_network(about["notation"])
    how = Preprocessing.of(dataset, network)
    about = {name: value for name, value in about.items() if name != "normalisation"}
    made = stamped(with_pixels(model, how), {**about, "preprocessing": how.described(ModelInput.UINT8)})
    session, pictures = _session(made), dataset.test.images
    images, _ = next(test_batches(dataset, network))
    expected = _scores(_session(file), images[:PARITY_IMAGES].contiguous().numpy())
    difference = float(np.abs(_scores(session, pictures[:PARITY_IMAGES]) - expected).max())
    if not is_quantised(file):  # there, the last bit of a pixel may decide to which integer it is rounded
        check_parity(difference, float(np.abs(expected).max()), "the file with float32 input")
    step = at_once(BATCH_SIZE, dataset.side)
    starts = range(0, len(dataset.test), step)
    batches = ((pictures[at : at + step], dataset.test.labels[at : at + step]) for at in starts)
    return Exported(made, _accuracy(session, batches), difference)


def in_integers(file: bytes, dataset: Dataset, recipe: str) -> Exported:
    """An exported file with float32 input in 8-bit integers, by a recipe of nas.quantization, calibrated on training
    images and tested in ONNX Runtime.

    Its difference is that to the given file's scores. CompressionError if it cannot be quantised.
    """
    about = properties(onnx.load_from_string(file))
    network = read_network(about["notation"])
    made = annotated(quantised(file, calibrated(file, recipe, dataset, network.input.height)), about)
    session = _session(made)
    images, _ = next(test_batches(dataset, network))
    some = images[:PARITY_IMAGES].contiguous().numpy()
    difference = float(np.abs(_scores(session, some) - _scores(_session(file), some)).max())
    return Exported(made, _accuracy(session, _arrays(dataset, network)), difference)


def found_classes(file: bytes, dataset: Dataset, split: Split) -> NDArray[np.int64]:
    """The class that an exported file finds in each image of a split of the data set, in ONNX Runtime: [N]."""
    about = properties(onnx.load_from_string(file))
    takes, side = about["preprocessing"]["input"], read_network(about["notation"]).input.height
    session, found = _session(file), []
    step = at_once(BATCH_SIZE, max(dataset.side, side))
    for start in range(0, len(split), step):
        pictures = split.images[start : start + step]
        if takes != ModelInput.UINT8:
            pictures = normalised(tensor(pictures), dataset.mean, dataset.std, side).contiguous().numpy()
        found.append(_scores(session, pictures).argmax(1))
    return np.concatenate(found).astype(np.int64)


def _session(file: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()  # by default one for each core, whatever this worker's share
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])


def difference_to(module: nn.Module, file: bytes, dataset: Dataset, network: Network) -> float:
    """Largest difference between a file's and the module's scores on the first test images."""
    images, _ = next(test_batches(dataset, network))
    difference, _ = _difference(_session(file), module, images[:PARITY_IMAGES])
    return difference


def test_batches(dataset: Dataset, network: Network) -> Iterator[tuple[torch.Tensor, Labels]]:
    """The test split as the network takes it, in batches: images [N, C, H, W], N <= BATCH_SIZE, and classes [N]."""
    split, side = dataset.test, network.input.height
    step = at_once(BATCH_SIZE, max(dataset.side, side))
    for start in range(0, len(split), step):
        some = slice(start, start + step)
        yield normalised(tensor(split.images[some]), dataset.mean, dataset.std, side), split.labels[some]


def _scores(session: onnxruntime.InferenceSession, inputs: NDArray[Any]) -> NDArray[np.float32]:
    scores: NDArray[np.float32] = session.run(None, {"image": inputs})[0]
    return scores


def _difference(session: onnxruntime.InferenceSession, module: nn.Module, inputs: torch.Tensor) -> tuple[float, float]:
    """Largest absolute difference between the file's and the module's scores, and the largest of these."""
    module.eval().cpu()
    with torch.inference_mode():
        expected = module(inputs).numpy()
    difference = float(np.abs(_scores(session, inputs.contiguous().numpy()) - expected).max())
    return difference, float(np.abs(expected).max())


def check_parity(difference: float, largest: float, other: str) -> None:
    """ExportError if a file's scores differ too much from other's, whose largest absolute score is given."""
    allowed = PARITY * max(1.0, largest)
    if not difference <= allowed:
        raise ExportError(f"the exported scores differ from {other}'s by {difference:.2g}, more than {allowed:.2g}")


def accuracy(file: bytes, dataset: Dataset, network: Network) -> float:
    """Share of the test images that an exported file of the network classifies rightly in ONNX Runtime."""
    return _accuracy(_session(file), _arrays(dataset, network))


def _arrays(dataset: Dataset, network: Network) -> Iterator[tuple[NDArray[Any], Labels]]:
    """test_batches for ONNX Runtime."""
    return ((images.contiguous().numpy(), labels) for images, labels in test_batches(dataset, network))


def _accuracy(session: onnxruntime.InferenceSession, batches: Iterable[tuple[NDArray[Any], Labels]]) -> float:
    right = [_scores(session, images).argmax(1) == labels for images, labels in batches]
    return float(np.concatenate(right).mean())
