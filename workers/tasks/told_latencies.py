"""Latencies that a task is told: measurements are the dispatcher's, which holds back other tasks meanwhile."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import onnx

from nas.compression.device_latencies import MemberLatencies, TargetDevice
from nas.ops import Network
from nas.ops.notation import read_network, write_network


class UntoldError(Exception):
    """A latency that the task was not told: of the members of a network in notation, or of an ONNX file."""

    def __init__(self, subject: str | bytes) -> None:
        super().__init__("a latency that was not measured yet")
        self.subject = subject


@dataclass(frozen=True, slots=True)
class Untold:
    """What a task ends with that needs to be told more before it goes on; subject: as UntoldError has it."""

    subject: str | bytes


@dataclass(frozen=True, slots=True)
class ToldLatencies:
    """The device of that name as a task sees it (TargetDevice), with what was measured on it so far.

    of_members: by the network's notation. of_files: by what an ONNX file computes, with any weights, as those that a
    task trains again may be others.
    """

    name: str
    of_members: Mapping[str, MemberLatencies] = field(default_factory=dict)
    of_files: Mapping[str, float | None] = field(default_factory=dict)

    def members(self, network: Network) -> MemberLatencies:
        """As TargetDevice. UntoldError if they are not among these."""
        notation = write_network(network)
        if notation not in self.of_members:
            raise UntoldError(notation)
        return self.of_members[notation]

    def latency_ms(self, file: bytes) -> float | None:
        """As TargetDevice. UntoldError if it is not among these."""
        computed = _computed(file)
        if computed not in self.of_files:
            raise UntoldError(file)
        return self.of_files[computed]

    def told(self, untold: Untold, target: TargetDevice) -> "ToldLatencies":
        """With what the target says of it. NotMeasuredError if that cannot be measured."""
        subject = untold.subject
        if isinstance(subject, bytes):
            return replace(self, of_files={**self.of_files, _computed(subject): target.latency_ms(subject)})
        return replace(self, of_members={**self.of_members, subject: target.members(read_network(subject))})


def _computed(file: bytes) -> str:
    """A digest of the nodes and of the shapes of what they read."""
    graph = onnx.load_from_string(file).graph
    shapes = [f"{each.name} {each.data_type} {list(each.dims)}" for each in graph.initializer]
    parts = [node.SerializeToString(deterministic=True) for node in graph.node] + [each.encode() for each in shapes]
    return hashlib.sha256(b"\n".join(parts)).hexdigest()
