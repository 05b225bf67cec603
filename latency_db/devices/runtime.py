"""Runtimes: what runs an ONNX model on a device."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from importlib.util import find_spec
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from nas.plugins import Plugins
from nas.quantization.recipes import DEFAULT_RECIPE, PRECISIONS

FP32 = "fp32"
"""32-bit floats throughout, the precision that every runtime has."""

INT8 = DEFAULT_RECIPE
"""8-bit weights and activations, calibrated in advance; the other recipes of nas.quantization are precisions too."""

INPUT_SEED = 0


class LoadedModel(ABC):
    """A model loaded in a runtime, with one fixed random input image (batch 1). Not for several threads at once."""

    @abstractmethod
    def call(self) -> None:
        """Run once as an application does: copy the image in and the scores out."""

    @abstractmethod
    def execute(self) -> None:
        """Run once with input and output in the runtime's own memory, as between the kernels of a network."""

    @abstractmethod
    def scores(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """The model's output [1, classes] for an image [1, C, H, W], to check that it computes correctly."""

    def placement(self) -> Mapping[str, int]:
        """Number of nodes by where they run (a provider, a kernel library); empty if the runtime does not say."""
        return {}


class Runtime(ABC):
    """How one runtime loads and runs ONNX models at batch 1, as nas.ops.onnx_graph writes them.

    Making one is cheap and needs none of its packages: runtimes that are not installed can be listed too.

    precisions: the precisions it can run in; a model comes in 32-bit floats and is quantised here.
    packages: what it imports. extra: the extra of nas that installs them, if nas does not require them itself.
    in_caller: whether one thread's work is done in the calling thread, so that its CPU time is all of it.
    multithreaded: whether the number of threads can be chosen. suffix: of the files that it runs. takes_pictures:
    whether it runs models whose input is pictures of any size, as nas.images.pixel_graph writes them.
    """

    name: ClassVar[str]
    precisions: ClassVar[tuple[str, ...]] = (FP32,)
    packages: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str | None] = None
    in_caller: ClassVar[bool] = True
    multithreaded: ClassVar[bool] = True
    suffix: ClassVar[str] = ".onnx"
    takes_pictures: ClassVar[bool] = False

    def unavailable(self, precision: str = FP32) -> str | None:
        """Why this precision cannot be run on this machine, with the remedy; None if it can."""
        if precision not in self.precisions:
            return f"{self.name} has no precision {precision!r}, only {', '.join(self.precisions)}"
        needed = (*self.packages, "onnx") if precision in PRECISIONS else self.packages
        missing = [package for package in needed if not _is_installed(package)]
        if missing:
            remedy = f"'nas[{self.extra}]'" if self.extra else " ".join(missing)
            return f"{self.name} needs {', '.join(missing)}; install it with `pip install {remedy}`"
        return None

    @abstractmethod
    def version(self) -> str:
        """Version of the installed runtime, with the processor if that is not the CPU; each version is another target.

        Only for a runtime that is available.
        """

    @abstractmethod
    def load(self, model: bytes, threads: int, precision: str = FP32) -> LoadedModel:
        """Load the model in this precision, with the runtime's default optimisations, on this number of threads.

        MeasurementError if the runtime refuses the model. Only for a runtime that is available.
        """

    def export(self, model: bytes) -> bytes:
        """A float32 model as the file that an application with this runtime loads (with `suffix`).

        MeasurementError if it cannot be converted. Only for a runtime that is available.
        """
        return model


def input_image(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The image of this shape that every model is timed with: the same numbers in each runtime."""
    return np.random.default_rng(INPUT_SEED).standard_normal(shape, np.float32)


def input_picture(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The picture of this shape that every model is timed with whose input is 8-bit levels."""
    return np.random.default_rng(INPUT_SEED).integers(0, 256, shape, np.uint8)


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # of a submodule's parent
        return False


runtime: Plugins[Runtime] = Plugins("runtime", "latency_db.devices.runtimes")
