"""Models in 8-bit integers for measuring: quantised by a recipe, calibrated on images of normal pixels.

Latencies do not depend on the ranges of activations, accuracies do: what is shipped is calibrated on real images.
"""

import numpy as np

from latency_db.errors import MeasurementError
from nas.errors import CompressionError
from nas.quantization import qdq
from nas.quantization.recipes import DEFAULT_RECIPE, Ranges, StaticQuantization

CALIBRATION_IMAGES = 8
CALIBRATION_SEED = 1


def quantised(model: bytes, recipe: str = DEFAULT_RECIPE) -> bytes:
    """A float32 model with one image as input, in 8-bit integers; a model that is quantised already stays as it is.

    The same model gives the same bytes. MeasurementError if it cannot be quantised, with the reason.
    """
    try:
        if qdq.is_quantised(model):
            return model
        return qdq.quantised(model, StaticQuantization(recipe, model_ranges(model)))
    except CompressionError as error:
        raise MeasurementError(str(error)) from None


def model_ranges(model: bytes) -> Ranges:
    """The ranges of a float32 model's activations on these images. CompressionError if it cannot be run."""
    shape = (1, *qdq.input_shape(model))
    rng = np.random.default_rng(CALIBRATION_SEED)  # normal pixels, like those of a normalised data set
    return qdq.activation_ranges(model, (rng.standard_normal(shape, np.float32) for _ in range(CALIBRATION_IMAGES)))
