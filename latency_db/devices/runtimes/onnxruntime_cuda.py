"""ONNX Runtime on an NVIDIA GPU (https://onnxruntime.ai)."""

from latency_db.devices.gpu import GpuRuntime, gpu_name
from latency_db.devices.runtime import FP32, LoadedModel, runtime

PROVIDER = "CUDAExecutionProvider"
OPTIONS = {"use_tf32": "0", "cudnn_conv_algo_search": "EXHAUSTIVE"}
"""32-bit floats are not shortened, and cuDNN searches its fastest convolutions, which is ONNX Runtime's default."""


@runtime("onnxruntime_cuda")
class OnnxRuntimeCuda(GpuRuntime):
    """Nodes that the GPU does not run are run on the CPU: see `placement`."""

    packages = ("onnxruntime",)
    takes_pictures = True

    def unavailable(self, precision: str = FP32) -> str | None:
        if reason := super().unavailable(precision):
            return reason
        from onnxruntime import get_available_providers  # noqa: PLC0415 - slow, and useless without a GPU

        if PROVIDER not in get_available_providers():
            return f"{self.name} needs `pip install onnxruntime-gpu` in place of onnxruntime"
        return None

    def version(self) -> str:
        from latency_db.devices.onnxruntime_model import VERSION  # noqa: PLC0415 - slow, and not needed to list runtimes

        return f"{VERSION} ({gpu_name()})"

    def load(self, model: bytes, threads: int, precision: str = FP32) -> LoadedModel:  # noqa: ARG002 - there is one
        from latency_db.devices.onnxruntime_model import load_model  # noqa: PLC0415 - as above

        return load_model(model, threads, [(PROVIDER, OPTIONS), "CPUExecutionProvider"], "cuda")
