"""What the members of a network take on a device, in 32-bit floats and in 8-bit integers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from nas.ops import Network


@dataclass(frozen=True, slots=True)
class MemberLatencies:
    """Of the members of a network's outermost sequence, in milliseconds at batch 1.

    recipe: of the integers. fixed_ms: of a run that computes nothing. floats_ms, integers_ms: [members]. borders_ms:
    [members - 1], what a change between floats and integers behind a member adds.
    """

    recipe: str
    fixed_ms: float
    floats_ms: Sequence[float]
    integers_ms: Sequence[float]
    borders_ms: Sequence[float]

    def sum_ms(self, floats: Sequence[bool]) -> float:
        """Of a network some of whose members stay in floats."""
        pairs = zip(floats, self.floats_ms, self.integers_ms, strict=True)
        members = sum(in_floats if stays else in_integers for stays, in_floats, in_integers in pairs)
        changes = zip(floats[1:], floats, self.borders_ms, strict=False)
        return self.fixed_ms + members + sum(ms for one, other, ms in changes if one != other)


class TargetDevice(Protocol):
    """A device that computes in integers as in floats, as compressors see it."""

    @property
    def name(self) -> str: ...

    def members(self, network: Network) -> MemberLatencies:
        """The latencies of a network's members. NotMeasuredError, with the remedy, if they are not known."""

    def latency_ms(self, file: bytes) -> float | None:
        """Of an ONNX file, measured end to end; None if the device cannot be measured from here."""
