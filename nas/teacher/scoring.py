"""Running a teacher on images, in ONNX Runtime: in a worker process only."""

from dataclasses import dataclass, replace

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from nas.dataset import Images, Split
from nas.errors import SpecError
from nas.image_set.mapped import MappedImages
from nas.onnx_file.model_check import check_model
from nas.quantization.refusals import REFUSALS
from nas.statistics.by_class import balanced, confusion
from nas.teacher.header import LIMITS
from nas.teacher.preparation import COLOURS, Preparation
from nas.training.batches import at_once, normalised
from nas.training.tensors import tensor

BATCH_SIZE = 64
LEAST_PROBABILITY = 1e-7
_SUM_ERROR = 1e-2
_ERRORS_ONLY = 3
_DEVIATIONS = 3.0
"""Standard errors above chance that a teacher has to be, but no more than half of the way from there to 1: with many
images, guesses reach it once in 700 times.
"""

_ORDERED = 1.5
"""How many times the majority rate a teacher is right, its outputs named anew, if only their order is wrong."""

Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Examined:
    """A teacher on the validation images: how they were prepared, with outputs known, and how right it is.

    images: how many there are. reordered: the accuracy if each output were the class that it is most often right for.
    """

    how: Preparation
    images: int
    accuracy: float
    balanced_accuracy: float
    reordered: float


class Teacher:
    """A model in memory, ready to score. SpecError if it may not be run, or cannot be."""

    def __init__(self, model: bytes, how: Preparation) -> None:
        check_model(model, LIMITS)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()  # by default one for each core, not of this worker
        options.log_severity_level = _ERRORS_ONLY
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except REFUSALS as error:
            raise SpecError(f"teacher.model: ONNX Runtime does not load it: {error}") from None
        self._how = how

    def log_probabilities(self, images: Images | MappedImages) -> NDArray[np.float16]:
        """Of the data set's classes for images uint8 [N, H, W, C]: [N, K]; of how's outputs, which are known."""
        found = self._softened(self._scores(images))
        if self._how.flip:
            mirrored = self._softened(self._scores(images, columns=slice(None, None, -1)))
            found = np.logaddexp(found, mirrored) - np.log(2)
        return found.astype(np.float16)

    def examined(self, validation: Split) -> Examined:
        """How right the teacher is. SpecError if it is no better than chance, with what may be wrong."""
        scores = self._scores(validation.images)
        sums = scores.sum(1)
        are_probabilities = scores.min() >= 0 and bool(np.all(np.abs(sums - 1) < _SUM_ERROR))
        how = self._how
        if how.outputs is None:
            how = replace(how, outputs="probabilities" if are_probabilities else "logits")
        elif how.outputs == "probabilities" and not are_probabilities:
            raise SpecError(
                f"teacher.outputs: they are no probabilities, as their sums are {sums.min():.3g} to {sums.max():.3g}; "
                "write logits, or leave it out"
            )
        matrix = confusion(validation.labels, scores.argmax(1), len(how.order))
        total = len(validation)
        right = int(matrix.trace()) / total
        found = Examined(how, total, right, balanced(matrix), int(matrix.max(0).sum()) / total)
        _check_better_than_chance(found, matrix)
        return found

    def _softened(self, scores: Scores) -> Scores:
        """Scores [N, K] as logarithms of probabilities."""
        if self._how.outputs == "probabilities":
            scores = np.log(np.maximum(scores, LEAST_PROBABILITY))
        highest = scores.max(1, keepdims=True)
        logarithms: Scores = scores - highest - np.log(np.exp(scores - highest).sum(1, keepdims=True))
        return logarithms

    def _scores(self, images: Images | MappedImages, columns: slice = slice(None)) -> Scores:
        """The model's scores in the order of the data set's classes: [N, K]. columns: of the images, in their order."""
        size = self._how.batch or at_once(BATCH_SIZE, max(self._how.resolution, images.shape[1]))
        starts = range(0, len(images), size)
        scores = np.concatenate([self._of_batch(images[at : at + size][:, :, columns], size) for at in starts])
        if not np.isfinite(scores).all():
            raise SpecError("teacher.model: its scores are not finite numbers; check its mean, std and pixels")
        ordered: Scores = scores[:, list(self._how.order)]
        return ordered

    def _of_batch(self, images: Images, size: int) -> Scores:
        inputs = _inputs(images, self._how)
        if self._how.batch and len(images) < size:  # a last one that is not full
            inputs = np.concatenate([inputs, np.repeat(inputs[-1:], size - len(images), 0)])
        try:
            (raw,) = self._session.run([self._how.output], {self._how.input: inputs})
        except REFUSALS as error:
            raise SpecError(
                f"teacher.model: ONNX Runtime cannot run it on images of shape {inputs.shape}: {error}"
            ) from None
        scores = np.asarray(raw, np.float32).reshape(len(inputs), -1)[: len(images)]
        if scores.shape[1] != len(self._how.order):
            raise SpecError(
                f"teacher.model: its output {self._how.output} has {scores.shape[1]} scores for an image, and the data "
                f"set {len(self._how.order)} classes; give a model for these"
            )
        return scores


def _inputs(images: Images, how: Preparation) -> NDArray[np.generic]:
    """Images uint8 [N, H, W, C] as the model takes them."""
    pixels = np.ascontiguousarray(images)
    if pixels.shape[3] < how.channels:
        pixels = np.repeat(pixels, COLOURS, axis=3)
    if how.bgr:
        pixels = np.ascontiguousarray(pixels[..., ::-1])
    floats = normalised(tensor(pixels), how.mean, how.std, how.resolution).contiguous().numpy()
    made = floats.round().clip(0, 255) if how.dtype == "uint8" else floats
    return np.ascontiguousarray(made.transpose(0, 2, 3, 1) if how.nhwc else made).astype(how.dtype)


def _check_better_than_chance(found: Examined, matrix: NDArray[np.int64]) -> None:
    """By the balanced accuracy: that of guesses is 1 / K, however uneven the classes are."""
    counts = matrix.sum(1)
    chance = 1 / int((counts > 0).sum())
    error = float(np.sqrt((chance * (1 - chance) / counts[counts > 0]).sum())) * chance
    if found.balanced_accuracy > min(chance + _DEVIATIONS * error, (1 + chance) / 2):
        return
    if found.reordered > _ORDERED * max(found.accuracy, float(counts.max() / counts.sum())):
        hint = "it does tell the classes apart, but in another order: give teacher.classes, in the order of its outputs"
    else:
        hint = "check mean, std, pixels and channels, which have to be those that it was trained with, and its classes"
    raise SpecError(
        f"teacher: it is right on {found.accuracy:.1%} of the {found.images} validation images (balanced: "
        f"{found.balanced_accuracy:.1%}), no better than chance ({chance:.1%}); {hint}"
    )
