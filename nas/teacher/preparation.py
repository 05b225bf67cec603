"""How images of a data set become the input of a teacher, and its scores those of the data set's classes."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol
from unicodedata import normalize

from nas.errors import SpecError
from nas.image_set.checks import BYTE
from nas.teacher.header import Header, Port
from nas.teacher.request import TeacherRequest

COLOURS = 3
_RANK = 4

Kind = Literal["logits", "probabilities"]


class Images(Protocol):
    """What a preparation depends on: a data set, or its outline."""

    @property
    def classes(self) -> Sequence[str]: ...
    @property
    def channels(self) -> int: ...
    @property
    def side(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Preparation:
    """All that determines soft labels, but for the model and the images.

    nhwc: whether channels come last. resolution: side of its images in pixels. channels: how many it takes; bgr: their
    order. mean, std: of pixel / 255, by its channels. batch: the number of images that it takes at a time; None for
    any. outputs: what its scores are; None if that is still to be seen. order: the number of its output for each class
    of the data set. flip: whether the mirror image counts as well.
    """

    input: str
    output: str
    dtype: str
    nhwc: bool
    resolution: int
    channels: int
    bgr: bool
    mean: tuple[float, ...]
    std: tuple[float, ...]
    batch: int | None
    outputs: Kind | None
    order: tuple[int, ...]
    flip: bool

    def digest(self, model_sha256: str, data_digest: str) -> str:
        """Content id of the soft labels: sha256 as hexadecimal digits."""
        canonical = json.dumps([model_sha256, data_digest, asdict(self)], sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()


def prepared(request: TeacherRequest, header: Header, images: Images, *, flip: bool) -> tuple[Preparation, list[str]]:
    """The preparation, and notes on what was assumed. flip: whether the data set may be flipped.

    SpecError names the field that is wrong or missing, and what to write.
    """
    image, scores = _ports(request, header)
    about = _described(header)
    nhwc, channels, resolution = _shape(request, image, about, images)
    mean, std = _normalisation(request, image, about, channels)
    order, notes = _order(request, header.about.get("classes"), scores, images.classes)
    bgr = request.channels == "bgr"
    if bgr and channels != COLOURS:
        raise SpecError(f"teacher.channels: {request.name} takes grey images, which have no order; leave it out")
    made = Preparation(
        input=image.name,
        output=scores.name,
        dtype=str(image.dtype),
        nhwc=nhwc,
        resolution=resolution,
        channels=channels,
        bgr=bgr,
        mean=mean,
        std=std,
        batch=(image.shape or (None,))[0],
        outputs=request.outputs,
        order=order,
        flip=flip and request.flip,
    )
    return made, notes


def _ports(request: TeacherRequest, header: Header) -> tuple[Port, Port]:
    """The input for images and the output with the scores."""
    images = [port for port in header.inputs if port.dtype and port.shape and len(port.shape) == _RANK]
    if len(header.inputs) != 1 or not images:
        found = ", ".join(f"{port.name} {_listed(port.shape)}" for port in header.inputs) or "none"
        raise SpecError(
            f"teacher.model: {request.name} has to take images alone, as one tensor of floats or bytes with four "
            f"dimensions; its inputs are: {found}. Export it with its image input alone"
        )
    scores = [port for port in header.outputs if port.dtype and (port.shape is None or len(port.shape) > 1)]
    if not scores:
        found = ", ".join(f"{port.name} {_listed(port.shape)}" for port in header.outputs) or "none"
        raise SpecError(
            f"teacher.model: {request.name} has no output with a score for each class of each image; its outputs are: "
            f"{found}. Export it with its logits or probabilities as the first output"
        )
    return images[0], scores[0]


def _listed(shape: Sequence[int | None] | None) -> str:
    return "of unknown shape" if shape is None else "x".join("?" if side is None else str(side) for side in shape)


def _described(header: Header) -> Mapping[str, Any]:
    """The preprocessing that a file of nas describes; of others nothing."""
    about = header.about.get("preprocessing")
    keys = {"input", "inside", "mean", "std", "resolution"}
    return about if isinstance(about, dict) and keys <= about.keys() else {}


def _shape(request: TeacherRequest, image: Port, about: Mapping[str, Any], images: Images) -> tuple[bool, int, int]:
    """Whether channels come last, their number, and the side of images in pixels."""
    shape = image.shape or (None,) * _RANK
    nhwc = shape[3] in {1, COLOURS} and shape[1] not in {1, COLOURS}
    channels, sides = (shape[3], shape[1:3]) if nhwc else (shape[1], shape[2:])
    if channels not in {1, COLOURS}:
        raise SpecError(
            f"teacher.model: {request.name} takes images of shape {_listed(shape)}; 1 or 3 channels are needed, as "
            "?x3x224x224 or ?x224x224x3. Export it with their number fixed"
        )
    if channels == 1 and images.channels == COLOURS:
        raise SpecError(f"teacher.model: {request.name} takes grey images, and those of the data set have colours")
    fixed = {side for side in sides if side is not None}
    if len(fixed) > 1:
        raise SpecError(f"teacher.model: {request.name} takes images of {_listed(sides)} px; squares are needed")
    side = next(iter(fixed), None)
    if side and request.resolution not in {None, side}:
        raise SpecError(f"teacher.resolution: {request.name} takes images of {side} px; leave it out")
    if about.get("inside"):  # it resizes by itself
        side = side or images.side
    elif not side and about:
        side = int(about["resolution"][0])
    found = side or request.resolution
    if not found:
        raise SpecError(
            f"teacher.resolution: {request.name} takes images of any size; state the side, in pixels, that it was "
            "trained with"
        )
    return nhwc, channels, request.resolution or found


def _normalisation(
    request: TeacherRequest, image: Port, about: Mapping[str, Any], channels: int
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """mean and std of pixel / 255, one number a channel."""
    stated = (request.pixels, request.mean, request.std) != (None, None, None)
    if about and not stated:
        if about["inside"]:
            return (0.0,) * channels, (1 / BYTE,) * channels
        return tuple(about["mean"]), tuple(about["std"])
    if image.dtype == "uint8":
        if stated and (request.pixels == "0-1" or request.mean or request.std):
            raise SpecError(f"teacher.mean: {request.name} takes bytes, which are given as they are; leave it out")
        return (0.0,) * channels, (1 / BYTE,) * channels
    if not stated:
        raise SpecError(
            f"teacher.mean: {request.name} does not say how its images are normalised; give mean and std as it was "
            "trained with, such as mean: [0.485, 0.456, 0.406] and std: [0.229, 0.224, 0.225] for most models of "
            "torchvision and timm, or pixels: 0-1 or 0-255 where there was none"
        )
    scale = BYTE if request.pixels == "0-255" else 1
    mean = _per_channel("mean", request.mean or (0.0,), channels)
    std = _per_channel("std", request.std or (1.0,), channels)
    return tuple(value / scale for value in mean), tuple(value / scale for value in std)


def _per_channel(field: str, values: Sequence[float], channels: int) -> tuple[float, ...]:
    if len(values) not in {1, channels}:
        raise SpecError(f"teacher.{field}: {len(values)} numbers for {channels} channels; give one, or {channels}")
    return tuple(values) if len(values) == channels else (values[0],) * channels


def _order(
    request: TeacherRequest, in_file: object, scores: Port, classes: Sequence[str]
) -> tuple[tuple[int, ...], list[str]]:
    """The number of the output of each class, and notes."""
    outputs = _outputs(scores)
    names = request.classes or (tuple(map(str, in_file)) if isinstance(in_file, list) else None)
    if names is None:
        if outputs not in {None, len(classes)}:
            raise SpecError(
                f"teacher.model: {request.name} has {outputs} outputs, and the data set {len(classes)} classes: "
                f"{_some(classes)}; give a model for these"
            )
        note = f"teacher: {request.name} names no classes, so its outputs are taken to be in the data set's order"
        return tuple(range(len(classes))), [f"{note}: {_some(classes)}; if they are not, give teacher.classes"]
    where = "teacher.classes" if request.classes else "teacher.model"
    if outputs not in {None, len(names)}:
        raise SpecError(f"{where}: {len(names)} names for {outputs} outputs of {request.name}; name each, in order")
    numbers = {normalize("NFC", name): number for number, name in enumerate(names)}
    wanted = [normalize("NFC", name) for name in classes]
    missing, surplus = [name for name in wanted if name not in numbers], sorted(set(numbers) - set(wanted))
    if missing or surplus or len(numbers) != len(names):
        said = [f"lacks {_some(missing)}"] * bool(missing) + [f"has also {_some(surplus)}"] * bool(surplus)
        raise SpecError(
            f"{where}: the teacher has to have the classes of the data set, each once; it "
            f"{' and '.join(said) or 'names one twice'}. Where only the names differ, give teacher.classes: the data "
            "set's names in the order of the model's outputs"
        )
    return tuple(numbers[name] for name in wanted), []


def _outputs(scores: Port) -> int | None:
    """How many scores an image has; None if the file does not say it."""
    if scores.shape is None:
        return None
    sides = [side for side in scores.shape[1:] if side != 1]
    return sides[0] if len(sides) == 1 else None if sides else 1


def _some(names: Sequence[str], shown: int = 10) -> str:
    more = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {more} more" if more > 0 else "")
