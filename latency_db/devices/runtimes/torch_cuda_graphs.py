"""PyTorch on an NVIDIA GPU, each model one CUDA graph (https://pytorch.org/docs/stable/notes/cuda.html#cuda-graphs)."""

from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from latency_db.devices.gpu import GpuRuntime, gpu_name
from latency_db.devices.runtime import FP32, LoadedModel, input_image, runtime
from latency_db.errors import MeasurementError

if TYPE_CHECKING:
    from torch import Tensor, nn

WARM_UP_RUNS = 3
"""Runs on another stream before the capture, as PyTorch requires; cuDNN tries its convolutions in them."""


class TorchCudaGraph(LoadedModel):
    """The graph reads and writes the same memory at each replay."""

    def __init__(self, module: "nn.Module", image: "Tensor") -> None:
        import torch  # noqa: PLC0415 - optional

        self._torch = torch
        self._image = torch.from_numpy(input_image(tuple(image.shape)))
        self._given = self._image.cuda()
        module = module.cuda()
        # TF32 would shorten 32-bit floats.
        flags = torch.backends.cudnn.flags(enabled=True, benchmark=True, allow_tf32=False)
        with torch.inference_mode(), flags:
            stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch has no types for it
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                for _ in range(WARM_UP_RUNS):
                    module(self._given)
            torch.cuda.current_stream().wait_stream(stream)
            self._graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self._graph):
                self._scores = module(self._given)

    def call(self) -> None:
        self.scores(self._image.numpy())

    def execute(self) -> None:
        self._graph.replay()
        self._torch.cuda.synchronize()

    def scores(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        self._given.copy_(self._torch.from_numpy(image))
        self._graph.replay()
        found: NDArray[np.float32] = self._scores.cpu().numpy()  # waits for the graph
        return found


@runtime("torch_cuda_graphs")
class TorchCudaGraphs(GpuRuntime):
    packages = ("torch", "onnx")

    def unavailable(self, precision: str = FP32) -> str | None:
        if reason := super().unavailable(precision):
            return reason
        return f"{self.name} needs a torch that was built for CUDA" if version("torch").endswith("+cpu") else None

    def version(self) -> str:
        return f"{version('torch')} ({gpu_name()})"

    def load(self, model: bytes, threads: int, precision: str = FP32) -> LoadedModel:  # noqa: ARG002 - there is one
        from google.protobuf.message import DecodeError  # noqa: PLC0415 - optional

        from latency_db.devices.converters.torch_reading import read_onnx  # noqa: PLC0415 - needs torch and onnx

        try:
            return TorchCudaGraph(*read_onnx(model))
        except (DecodeError, RuntimeError) as error:
            raise MeasurementError(f"torch {self.version()} cannot run the model: {error}") from None
