"""Compressions: what is asked for, what comes of it, and what can be chosen."""

from pydantic import Field

from api.schemas.common import Json, Sent, Stored
from nas.compression.request import CompressionRequest


class NewCompression(CompressionRequest):
    """How a network is made smaller: by a preset, or by a plan of your own, as `nas compress` reads it from a file.

    epochs: of each training in the plan, in place of the plan's; for a first try. max_bytes: of the compressed file;
    for the preset mixed, or a plan with its stage allocate. max_latency_ms: of an image on latency_device, a device in
    8-bit integers; for the preset int8, or a plan with its stage int8.
    """


class CompressedLayer(Stored):
    """A convolution or a linear layer of a compressed file: its path, weights, the share of these that is not 0, the
    bits of a code (null for floats), and its bytes.
    """

    layer: str
    weights: int
    density: float
    bits: int | None = None
    size_bytes: int


class CompressionStage(Stored):
    """A network after a stage of its compression: accuracy and loss on the validation images, bytes of its file by
    component, seconds that the stage took, layers of the file, and what the stage found out (notes). The first, named
    before, is the network as it was.
    """

    name: str
    parameters: Json = Field(default_factory=dict)
    accuracy: float | None = None
    loss: float | None = None
    size_bytes: int
    sizes: dict[str, int] = Field(default_factory=dict)
    seconds: float = 0.0
    layers: list[CompressedLayer] = Field(default_factory=list)
    notes: Json = Field(default_factory=dict)


class OnDevice(Stored):
    """The latency of an image by the compressed file on the device that it is for, measured end to end."""

    device: str
    latency_ms: float | None = None


class CompressionReport(Stored):
    """size_bytes: of the compressed file; fp32_bytes: of the network in 32-bit floats, and ratio, how many times the
    file is smaller. The accuracies are those of the very files on the test images, before and after. on_device: where
    a latency was asked for.
    """

    size_bytes: int
    fp32_bytes: int
    ratio: float
    test_accuracy_before: float
    test_accuracy: float
    stages: list[CompressionStage]
    on_device: OnDevice | None = None


class Preset(Sent):
    """A plan by its name; stages as in a plan."""

    name: str
    stages: list[Json]


class PresetList(Sent):
    items: list[Preset]


class CompressorOut(Sent):
    """A stage that plans may have; its parameters are JSON schema."""

    name: str
    summary: str
    parameters: Json


class CompressorList(Sent):
    items: list[CompressorOut]
