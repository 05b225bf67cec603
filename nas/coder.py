"""Coders: how the codes of a weight are written as bytes."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from nas.ops import Shape
from nas.ops.coded import Codes
from nas.registry import Registry


@dataclass(frozen=True, slots=True)
class Alphabet:
    """What a coder knows of the codes before it reads them.

    outputs, field: the codes are a tensor [outputs, *field], by output channel and then channel, height and width of
    the weights that one output is computed from. levels: codes are smaller, 1 to 256. zero: the code of pruned weights;
    None if no level is 0.
    """

    outputs: int
    field: Shape
    levels: int
    zero: int | None

    @property
    def size(self) -> int:
        return self.outputs * self.field.channels * self.field.height * self.field.width


class Coder(ABC):
    """Writes codes as bytes and reads them again, exactly, with the same bytes on every machine.

    Keyword-only constructor parameters are of writing alone; what they were is not needed to read.
    """

    name: ClassVar[str]
    number: ClassVar[int]
    """What stands for the coder in files: never changed, and never used for another."""

    @abstractmethod
    def encode(self, codes: Codes, alphabet: Alphabet) -> bytes:
        """The codes, uint8 [alphabet.size], as bytes."""

    @abstractmethod
    def decode(self, data: bytes, alphabet: Alphabet) -> Codes:
        """The codes, uint8 [alphabet.size], of bytes that encode wrote; of any other bytes some codes, or FormatError.

        It takes memory of a small multiple of alphabet.size, and time linear in it, whatever the bytes are.
        """


coder: Registry[Coder] = Registry("coder", "nas.coders")
