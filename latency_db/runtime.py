"""Runtimes: what runs an ONNX model on a device."""

from abc import ABC, abstractmethod
from typing import ClassVar

from nas.registry import Registry


class Session(ABC):
    """A loaded model with one fixed random input image (batch 1). Not for several threads at once."""

    @abstractmethod
    def call(self) -> None:
        """Run once as an application does: the image handed over, the scores handed back."""

    @abstractmethod
    def execute(self) -> None:
        """Run once with input and output left where the runtime has them, as between the kernels of a network."""


class Runtime(ABC):
    """How one runtime loads and runs ONNX models in 32-bit floats."""

    name: ClassVar[str]

    @abstractmethod
    def version(self) -> str:
        """Version of the installed runtime; another version is another target."""

    @abstractmethod
    def load(self, model: bytes, threads: int) -> Session:
        """The model, optimised as the runtime does by itself, on this number of threads.

        MeasurementError if the runtime refuses the model.
        """


runtime: Registry[Runtime] = Registry("runtime", "latency_db.runtimes")
