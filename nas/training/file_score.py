"""Scoring an ONNX file on images, in ONNX Runtime."""

from collections.abc import Sequence

import onnxruntime
import torch
from torch.nn.functional import cross_entropy

from nas.dataset import Split
from nas.training.batches import at_once, normalised
from nas.training.score import Score
from nas.training.tensors import tensor

BATCH_SIZE = 256


def evaluate_file(
    file: bytes, split: Split, mean: Sequence[float], std: Sequence[float], resolution: int | None = None
) -> Score:
    """Score an exported file with float32 input, on images normalised by mean and std."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()  # by default one for each core, whatever is this worker's
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    found, loss, classes = torch.empty(len(split), dtype=torch.int64), 0.0, 1
    step = at_once(BATCH_SIZE, max(split.images.shape[1], resolution or 0))
    for start in range(0, len(split), step):
        images, labels = (tensor(part[start : start + step]) for part in (split.images, split.labels))
        inputs = normalised(images, mean, std, resolution).contiguous().numpy()
        scores = torch.from_numpy(session.run(None, {"image": inputs})[0])
        found[start : start + step] = scores.argmax(1)
        classes = scores.shape[1]
        loss += float(cross_entropy(scores, labels, reduction="sum"))
    return Score.of(split, found, classes, loss)
