"""ExecuTorch on the CPU with XNNPACK (https://pytorch.org/executorch)."""

import warnings
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latency_db.devices.converted_files import converted_file, converter_process
from latency_db.devices.runtime import FP32, LoadedModel, Runtime, input_image, runtime
from latency_db.errors import MeasurementError


class ExecuTorchModel(LoadedModel):
    """program: the bytes that module was loaded from and still reads."""

    def __init__(self, module: Any, shape: tuple[int, ...], program: bytes) -> None:
        from torch import from_numpy  # noqa: PLC0415 - optional

        self._module, self._program, self._tensor = module, program, from_numpy
        self._image = input_image(shape)
        self._inputs = [from_numpy(self._image)]
        self.call()

    def call(self) -> None:
        self._module.forward([self._tensor(self._image)])[0].numpy()

    def execute(self) -> None:
        self._module.forward(self._inputs, clone_outputs=False)

    def scores(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = self._module.forward([self._tensor(image)])[0].numpy()
        return found


@runtime("executorch")
class ExecuTorch(Runtime):
    """The number of threads is the process': models that are loaded together must have the same."""

    packages = ("executorch",)
    extra = "executorch"
    suffix = ".pte"

    def version(self) -> str:
        return version("executorch")

    def export(self, model: bytes) -> bytes:
        return converted_file(model, self.suffix, self.version(), converter_process("executorch")).read_bytes()

    def load(self, model: bytes, threads: int, precision: str = FP32) -> LoadedModel:  # noqa: ARG002 - there is one
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns that its interface is experimental
            from executorch.extension.pybindings import portable_lib  # noqa: PLC0415 - optional

        if portable_lib._threadpool_get_thread_count() != threads:  # noqa: SLF001 - its only switch
            portable_lib._unsafe_reset_threadpool(threads)  # noqa: SLF001 - as above
        program = self.export(model)
        try:
            module = portable_lib._load_for_executorch_from_buffer(program)  # noqa: SLF001 - as above
            shape = tuple(module.method_meta("forward").input_tensor_meta(0).sizes())
            return ExecuTorchModel(module, shape, program)
        except RuntimeError as error:
            raise MeasurementError(f"ExecuTorch {self.version()} cannot run the model: {error}") from None
