"""Compressors: stages that make a trained network smaller."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from nas.registry import Registry

if TYPE_CHECKING:  # a plan by its name is checked without torch
    from nas.compression.bench import Bench
    from nas.compression.model import Model


class Compressor(ABC):
    """One stage of a compression. Keyword-only constructor parameters are the user's parameters."""

    name: ClassVar[str]
    epochs: int = 0
    """How often compress reports, at most; 0 for a stage without training."""

    @abstractmethod
    def compress(self, model: "Model", bench: "Bench") -> "Model":
        """The model made smaller. The one given is used up: its module may be changed in place.

        The network may be another one, with parts of the same paths. The result depends on the arguments alone.

        CompressionError says why this model cannot be compressed so.
        """


compressor: Registry[Compressor] = Registry("compressor", "nas.compressors")
