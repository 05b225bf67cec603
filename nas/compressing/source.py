"""What can be compressed: an exported file, or a network that is trained first."""

import json
from dataclasses import replace
from pathlib import Path

import onnx
import torch
from google.protobuf.message import DecodeError
from onnx import numpy_helper

from nas.compressing.plan import Plan
from nas.compression.bench import Bench
from nas.compression.model import Model
from nas.dataset import Dataset
from nas.errors import CompressionError, NotationError
from nas.network import network as networks
from nas.ops import Network
from nas.ops.notation import read_network
from nas.ops.rewriting import without_norms
from nas.ops.torch_reading.module import build
from nas.training import Recipe
from nas.training.fit import fit


def begin(source: str, content: bytes | None, plan: Plan, bench: Bench) -> tuple[Model, Dataset]:
    """The model that a plan begins with, and the images as that model takes them.

    content: of an ONNX file of the name source, as in_file reads it. None for the network that source names, which is
    trained on the bench as the plan says.
    """
    if content is not None:
        return in_file(content, source, bench.dataset), bench.dataset
    images = plan.normalised(bench.dataset)
    return trained(network_for(source, images), plan.training, replace(bench, dataset=images)), images


def teacher_in(path: Path, pupil: Model, given: Dataset, images: Dataset) -> Model:
    """The network in an ONNX file that nas exported, whose scores a compression of the pupil is to follow.

    given: the data set; images: the same as the pupil takes it. CompressionError if the teacher cannot score these.
    """
    teacher = in_file(content_of(path), path.name, given)
    if (images.mean, images.std) != (given.mean, given.std):
        raise CompressionError(
            f"{path}: the preset normalises images in a way of its own, which a teacher has not seen"
        )
    if teacher.network.input != pupil.network.input:
        raise CompressionError(
            f"{path} takes images of {teacher.network.input.height} px, and the network to compress of "
            f"{pupil.network.input.height} px; give a teacher of the same resolution"
        )
    return teacher


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


def content_of(path: Path) -> bytes:
    """The content of an ONNX file. CompressionError if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise CompressionError(
            f"{path} is no ONNX file that nas exported ({error.strerror}); give the path of one"
        ) from None


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
