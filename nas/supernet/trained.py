"""Trained networks in the ONNX files of earlier searches, whose weights a training of shared weights may start from.

This module needs no torch.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import numpy_helper

from nas.errors import NotationError, SpecError
from nas.onnx_file.metadata import properties
from nas.ops import Network
from nas.ops.cost import cost_of, volume
from nas.ops.layers import weighted_layers
from nas.ops.notation import read_network
from nas.ops.rewriting import without_norms
from nas.space import SearchSpace
from nas.supernet.roles import Roles
from nas.supernet.sharing import Share
from nas.supernet.sizes import tensor_sizes

MOST = 32
"""Networks that a training starts from."""

LENGTH_BYTES = 8

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TrainedNetwork:
    """A network, and its weights by path with its batch norms folded into the convolutions, as files have them."""

    network: Network
    arrays: Mapping[str, Array]


def trained_network(content: bytes) -> TrainedNetwork:
    """The network in an ONNX file that nas exported. SpecError says why its weights are not there."""
    try:
        file = onnx.load_from_string(content)
        network = read_network(properties(file)["notation"])
    except (DecodeError, KeyError, ValueError, NotationError):
        raise SpecError("it is no ONNX file that nas exported") from None
    found = {tensor.name: tensor for tensor in file.graph.initializer}
    arrays: dict[str, Array] = {}
    for layer in weighted_layers(without_norms(network)):
        if layer.kind == "norm":
            raise SpecError("it has batch norms that no convolution is before, whose statistics no file has")
        for name, shape in ((f"{layer.path}.weight", layer.shape), (f"{layer.path}.bias", (layer.outputs,))):
            array = numpy_helper.to_array(found[name]) if name in found else None
            if array is None or array.dtype != np.float32 or array.shape != shape:
                raise SpecError(f"it has no {name} in 32-bit floats: it was compressed")
            arrays[name] = np.asarray(array, np.float32)
    return TrainedNetwork(network, arrays)


def fitting(space: SearchSpace, files: Iterable[tuple[str, bytes]]) -> tuple[list[bytes], list[str]]:
    """The files of networks of the space, up to MOST, and of each other one why it is not taken.

    files: each with its name, for people.
    """
    roles = Roles(space)
    found: dict[bytes, None] = {}
    refused: list[str] = []
    for name, content in files:
        try:
            _check_fits(roles, content)
        except SpecError as error:
            refused.append(f"{name}: {error}")
        else:
            found[content] = None
    return [*found][:MOST], refused


def _is_of(roles: Roles, network: Network) -> bool:
    try:
        roles.of(network)
    except SpecError:
        return False
    return network.input.height in roles.space.resolution


def _check_fits(roles: Roles, content: bytes) -> None:
    network = trained_network(content).network
    if not _is_of(roles, network):
        raise SpecError(f"it is {_described(network)}, which is not in the space for {_inputs(roles.space)}")


def _described(network: Network) -> str:
    (channels, side, _), (y, _) = network.input, cost_of(network.op, network.input)
    return f"a network for {side} px images of {channels} channels in {volume(y)} classes"


def _inputs(space: SearchSpace) -> str:
    sides = " or ".join(map(str, space.resolution))
    return f"{sides} px images of {space.channels} channels in {space.classes} classes"


def claimed(roles: Roles, trained: Iterable[TrainedNetwork]) -> Iterator[tuple[TrainedNetwork, list[Share]]]:
    """The trained networks, the largest first, each with the parts of shared tensors that are taken from it: those of
    which no larger one has any part. Networks of which nothing is taken are left out.
    """
    taken: set[str] = set()
    parts = [(each, list(roles.shares(each.network))) for each in trained]
    for each, shares in sorted(parts, key=lambda part: -_count(part[1])):  # of equal ones, the first given
        own = [share for share in shares if share.key not in taken]
        if own:
            taken |= {share.key for share in own}
            yield each, own


def _count(shares: Iterable[Share]) -> int:
    return sum(prod(share.sizes) for share in shares)


def taken_share(space: SearchSpace, trained: Iterable[TrainedNetwork]) -> tuple[int, float]:
    """How many of the networks something is taken from, and which share of all shared weights that is."""
    parts = [shares for _, shares in claimed(Roles(space), trained)]
    return len(parts), sum(map(_count, parts)) / sum(map(prod, tensor_sizes(space).values()))


def packed(files: Sequence[bytes]) -> bytes:
    """Files as one: the length of each (8 bytes, little endian) before its content."""
    return b"".join(len(file).to_bytes(LENGTH_BYTES, "little") + file for file in files)


def unpacked(content: bytes) -> list[bytes]:
    """What packed() was given."""
    files, at = [], 0
    while at < len(content):
        begin = at + LENGTH_BYTES
        at = begin + int.from_bytes(content[at:begin], "little")
        files.append(content[begin:at])
    return files


def digest_of(content: bytes) -> str:
    """What trained networks that were packed are known by."""
    return hashlib.sha256(content).hexdigest()
