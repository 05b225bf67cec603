"""ONNX Runtime on an NVIDIA GPU (https://onnxruntime.ai)."""

from latency_db.devices.gpu import GpuRuntime, gpu_name
from latency_db.devices.runtime import FP32, Session, runtime

PROVIDER = "CUDAExecutionProvider"
OPTIONS = {"use_tf32": "0", "cudnn_conv_algo_search": "EXHAUSTIVE"}
"""32-bit floats stay so, and convolutions are the fastest that cuDNN has, which is ONNX Runtime's own default."""


@runtime("onnxruntime_cuda")
class OnnxRuntimeCuda(GpuRuntime):
    """Nodes that the GPU does not run, run on the CPU: `placement` tells."""

    packages = ("onnxruntime",)

    def unavailable(self, precision: str = FP32) -> str | None:
        if reason := super().unavailable(precision):
            return reason
        from onnxruntime import get_available_providers  # noqa: PLC0415 - slow, and of no use without a GPU

        if PROVIDER not in get_available_providers():
            return f"{self.name} needs `pip install onnxruntime-gpu` in place of onnxruntime"
        return None

    def version(self) -> str:
        from latency_db.devices.onnxruntime_session import VERSION  # noqa: PLC0415 - imported when it is used

        return f"{VERSION} ({gpu_name()})"

    def load(self, model: bytes, threads: int, precision: str = FP32) -> Session:  # noqa: ARG002 - there is one
        from latency_db.devices.onnxruntime_session import open_session  # noqa: PLC0415 - as above

        return open_session(model, threads, [(PROVIDER, OPTIONS), "CPUExecutionProvider"], "cuda")
