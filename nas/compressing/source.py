"""What can be compressed: an exported file, or a network that is trained first."""

import json
from pathlib import Path

import onnx
import torch
from google.protobuf.message import DecodeError
from onnx import numpy_helper

from nas.compression.bench import Bench
from nas.compression.folding import without_norms
from nas.compression.model import Model
from nas.dataset import Dataset
from nas.errors import CompressionError, NotationError
from nas.network import network as networks
from nas.ops import Network
from nas.ops.notation import read_network
from nas.ops.torch_module import build
from nas.training import Recipe
from nas.training.fit import fit


def network_for(source: str, dataset: Dataset) -> Network:
    """The network that a name or a notation means, for the images and classes of the data set.

    A name is one of `nas network --list`. UnknownNameError or NotationError if it is neither.
    """
    if ":" in source:
        return read_network(source)
    return networks.make(
        {"name": source, "resolution": dataset.side, "channels": dataset.channels, "classes": len(dataset.classes)}
    ).expand()


def trained(network: Network, recipe: Recipe | None, bench: Bench) -> Model:
    """The network, trained from weights of the seed; with those, if there is no recipe."""
    module = build(network, bench.seed)
    if recipe is None:
        return Model(network, module.eval())
    fit(
        module,
        bench.dataset,
        recipe,
        seed=bench.seed,
        report=bench.report,
        device=bench.device,
        resolution=network.input.height,
        checkpoint_path=bench.checkpoint,
    )
    return Model(network, module)


def exported(path: Path, dataset: Dataset) -> Model:
    """The model in an ONNX file that nas exported, as in_file says."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CompressionError(
            f"{path} is no ONNX file that nas exported ({error.strerror}); give the path of one"
        ) from None
    return in_file(content, str(path), dataset)


def in_file(content: bytes, name: str, dataset: Dataset) -> Model:
    """The model in the content of an ONNX file that nas exported; batch norms stay folded into their convolutions.

    CompressionError, with the file's name, if it is no such file, or is for other images or classes than the data set
    has.
    """
    try:
        file = onnx.load_from_string(content)
        about = {entry.key: json.loads(entry.value) for entry in file.metadata_props}
        network = read_network(about["notation"])
    except (DecodeError, KeyError, ValueError, NotationError) as error:
        raise CompressionError(
            f"{name} is no ONNX file that nas exported ({error}); give one with its notation"
        ) from None
    if about.get("classes") != list(dataset.classes) or network.input.channels != dataset.channels:
        raise CompressionError(
            f"{name} is for other classes or channels than the data set {dataset.name} has; give the data set that it "
            "was trained on"
        )
    folded = without_norms(network)
    module = build(folded, seed=0)
    arrays = {tensor.name: numpy_helper.to_array(tensor).copy() for tensor in file.graph.initializer}
    missing = sorted(set(module.state_dict()) - set(arrays))
    if any(part.endswith(".norm.running_mean") for part in missing):
        raise CompressionError(
            f"{name} has batch norms of their own (bn), whose statistics no ONNX file has; give the name or the "
            "notation of the network, to train it first"
        )
    if missing:
        raise CompressionError(
            f"{name} has no {missing[0]} in 32-bit floats: it is compressed already; give the file that it came from"
        )
    module.load_state_dict({name: torch.from_numpy(arrays[name]) for name in module.state_dict()})
    return Model(folded, module.eval())
