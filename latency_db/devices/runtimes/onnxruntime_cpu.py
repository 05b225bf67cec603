"""ONNX Runtime on the CPU (https://onnxruntime.ai)."""

from latency_db.devices.runtime import FP32, LoadedModel, Runtime, runtime
from nas.quantization.recipes import PRECISIONS


@runtime("onnxruntime_cpu")
class OnnxRuntimeCpu(Runtime):
    precisions = (FP32, *PRECISIONS)
    packages = ("onnxruntime",)
    takes_pictures = True

    def version(self) -> str:
        from latency_db.devices.onnxruntime_model import VERSION  # noqa: PLC0415 - slow, and not needed to list runtimes

        return VERSION

    def load(self, model: bytes, threads: int, precision: str = FP32) -> LoadedModel:
        from latency_db.devices.onnxruntime_model import load_model  # noqa: PLC0415 - as above

        if precision in PRECISIONS:
            from latency_db.devices.quantization import quantised  # noqa: PLC0415 - needs onnx, which fp32 does not

            model = quantised(model, precision)
        return load_model(model, threads, ["CPUExecutionProvider"], "cpu")
