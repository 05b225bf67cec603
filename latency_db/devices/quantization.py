"""The int8 recipe: static quantisation to 8 bits, written into the ONNX graph as QuantizeLinear/DequantizeLinear pairs.

Weights are symmetric signed 8-bit integers with a scale for each output channel; activations are unsigned 8-bit
integers with one scale and zero point per tensor, from the smallest and largest value on the calibration images. This
is post-training quantisation as in arXiv:1806.08342, section 3.
"""

import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quant_pre_process, quantize_static

from latency_db.errors import MeasurementError

CALIBRATION_IMAGES = 8
CALIBRATION_SEED = 1

_WARNINGS, _ERRORS = 2, 3


class _NormalImages(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime ships no types
    """Images with standard normal pixels, like those of a normalised data set."""

    def __init__(self, name: str, shape: tuple[int, ...]) -> None:
        rng = np.random.default_rng(CALIBRATION_SEED)
        self._images = (rng.standard_normal((1, *shape), np.float32) for _ in range(CALIBRATION_IMAGES))
        self._name = name

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        image = next(self._images, None)
        return None if image is None else {self._name: image}


def quantised(model: bytes) -> bytes:
    """A float32 model with one image as input, in 8-bit integers. The same model gives the same bytes.

    MeasurementError if it cannot be read as ONNX.
    """
    try:
        graph = onnx.load_from_string(model).graph
    except DecodeError:
        raise MeasurementError("the model cannot be quantised: it is not an ONNX file") from None
    (image,) = graph.input
    shape = tuple(dim.dim_value for dim in image.type.tensor_type.shape.dim[1:])
    with tempfile.TemporaryDirectory() as folder:
        prepared, target = Path(folder, "prepared.onnx"), Path(folder, "int8.onnx")
        source = Path(folder, "model.onnx")
        source.write_bytes(model)
        quant_pre_process(source, prepared, skip_optimization=True, skip_symbolic_shape=True)
        onnxruntime.set_default_logger_severity(_ERRORS)  # the sessions that calibrate warn of constants left over
        quantize_static(
            prepared,
            target,
            _NormalImages(image.name, shape),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        onnxruntime.set_default_logger_severity(_WARNINGS)
        return target.read_bytes()
