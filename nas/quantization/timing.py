"""Latencies of ONNX models side by side, to choose between them."""

import time
from collections.abc import Mapping

import numpy as np
import onnxruntime

from nas.quantization.qdq import input_shape

ROUNDS, RUNS = 15, 5
_ERRORS = 3


def latencies_ms(models: Mapping[str, bytes]) -> dict[str, float]:
    """CPU time of one image in ONNX Runtime on one thread: the least over the rounds of the median of some runs.

    The models take turns, so that a change of the machine's speed meets all of them.
    """
    sessions = {name: _session(model) for name, model in models.items()}
    images = {name: np.zeros((1, *input_shape(model)), np.float32) for name, model in models.items()}
    least = dict.fromkeys(models, np.inf)
    for _ in range(ROUNDS):
        for name, session in sessions.items():
            least[name] = min(least[name], float(np.median([_run_ms(session, images[name]) for _ in range(RUNS)])))
    return least


def cpu_ms(model: bytes) -> float:
    """CPU time of one image of one model, as latencies_ms measures it."""
    return latencies_ms({"model": model})["model"]


def _run_ms(session: onnxruntime.InferenceSession, image: np.typing.NDArray[np.float32]) -> float:
    started = time.thread_time()
    session.run(None, {"image": image})
    return 1000 * (time.thread_time() - started)


def _session(model: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = _ERRORS
    options.add_free_dimension_override_by_name("batch", 1)
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
