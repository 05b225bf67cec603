"""How a user asks for a teacher: its file, how its images are prepared, and how much its scores count."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from nas.image_set.soft_labels import TEMPERATURE
from nas.registry import described

WEIGHT = 0.5

PerChannel = Annotated[tuple[float, ...], Field(min_length=1, max_length=3)]


class TeacherRequest(BaseModel):
    """An ONNX classifier whose scores the trainings of a search follow. What a file that nas exported says of itself,
    its classes and how its images are prepared, may be left out.

    mean, std: of the pixels in the range that `pixels` names, in the order of the model's channels: one number for all
    or one for each. The shape of the input, with its layout and batch, is read from the model.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    model: Annotated[
        str,
        described(
            "the .onnx file of the teacher, relative to the spec's file; `teachers/...` on a service",
            "where you have a larger, slower model for the same classes",
            min_length=1,
        ),
    ]
    temperature: Annotated[
        float,
        described(
            "what scores are divided by before they become probabilities to follow",
            "1 to 10: lower follows the teacher's first choice, higher what it holds alike",
            gt=0,
            le=100,
        ),
    ] = TEMPERATURE
    weight: Annotated[
        float,
        described(
            "share of the loss that follows the teacher; the rest follows the labels",
            "raise it towards 1 where the teacher is much better than the networks, or labels err",
            gt=0,
            le=1,
        ),
    ] = WEIGHT
    trials: Annotated[bool, described("whether trials follow it", "false to teach the finalists alone")] = True
    finalists: Annotated[
        bool,
        described("whether finalists and references follow it", "false to see what it is worth to the trials alone"),
    ] = True
    resolution: Annotated[
        int | None,
        described(
            "side of its images in pixels; left out, as in the model's input", "where that is free", ge=4, le=1024
        ),
    ] = None
    pixels: Annotated[
        Literal["0-1", "0-255"] | None,
        described(
            "the range of its pixels before mean and std; left out, 0-1, or as its file says",
            "0-255 where it was trained on bytes, as many Keras and Caffe models were",
        ),
    ] = None
    mean: Annotated[
        PerChannel | None,
        described(
            "what is subtracted from its pixels, one number or one a channel; left out, as its file says, or 0",
            "always, unless its file says it: [0.485, 0.456, 0.406] for most of torchvision and timm",
        ),
    ] = None
    std: Annotated[
        PerChannel | None,
        described(
            "what its pixels are divided by after that; left out, as its file says, or 1",
            "always, unless its file says it: [0.229, 0.224, 0.225] for most of torchvision and timm",
        ),
    ] = None
    channels: Annotated[
        Literal["rgb", "bgr"] | None,
        described("the order of its colour channels; left out, rgb", "bgr for models trained by OpenCV or Caffe"),
    ] = None
    outputs: Annotated[
        Literal["logits", "probabilities"] | None,
        described("what its scores are; left out, that is seen from their sums", "where that is told wrongly"),
    ] = None
    classes: Annotated[
        tuple[str, ...] | None,
        described(
            "the names of its outputs, in their order; left out, as its file says, or in the order of the data set",
            "where its classes have another order than the data set's, which `nas data show` tells",
            min_length=2,
        ),
    ] = None
    flip: Annotated[
        bool,
        described(
            "whether soft labels are the mean over an image and its mirror image, where the data set may be flipped",
            "false to take half the time, or where the teacher was trained without flips",
        ),
    ] = True

    @property
    def name(self) -> str:
        """Of its file, for people."""
        return self.model.rpartition("/")[2]

    @model_validator(mode="after")
    def _used(self) -> "TeacherRequest":
        if not (self.trials or self.finalists):
            raise ValueError(
                "with trials and finalists false nothing follows it; leave the teacher out, or one of them"
            )
        if any(value <= 0 for value in self.std or ()):
            raise ValueError("std: give numbers above 0, as pixels are divided by them")
        return self

    @model_serializer(mode="wrap")
    def _given(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without what was left out and has no default."""
        values: dict[str, Any] = handler(self)
        return {name: value for name, value in values.items() if value is not None}
