"""Hand-designed networks by name, which searches are compared with."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from nas.errors import SpecError
from nas.ops import Network, Seq, Shape
from nas.ops.cost import network_cost
from nas.ops.notation import read_network
from nas.registry import Registry, described

Width = Annotated[
    float,
    described("multiplier of the channels", "lower it to compare with a smaller network of the family", gt=0, le=10),
]

SMALL_IMAGES = 128
"""Images of fewer pixels a side are small: MobileNet was published for 128 to 224 (arXiv:1704.04861, table 7)."""
StemStride = Annotated[
    Literal["paper", "auto", 1],
    described(
        "how the stem, which is all before the first block, reduces images: paper, as published; auto, half as much "
        "for images of up to 64 px, a quarter for up to 32 px, and so on; 1, not at all",
        "auto to compare with the network as one would use it for small images; it costs multiply-adds",
    ),
]


@dataclass(frozen=True, slots=True)
class Task:
    """The images that a network takes, and how many classes it tells apart."""

    resolution: Annotated[
        int,
        described(
            "height and width of the input in pixels; left out in a search, those of its images",
            "to compare at another resolution",
            ge=1,
        ),
    ] = 224
    channels: Annotated[int, Field(ge=1, description="channels of the input")] = 3
    classes: Annotated[int, Field(ge=1, description="scores in the output")] = 1000


IMAGENET, CIFAR, MNIST = Task(), Task(32, 3, 10), Task(28, 1, 10)


class ReferenceNetwork(ABC):
    """One family of networks from a paper. Its keyword-only constructor parameters are the paper's multipliers.

    Every family takes a task, whose fields users set, with the paper's values as defaults.
    """

    name: ClassVar[str]
    task: Task

    def expand(self) -> Network:
        """The network as an expression. InvalidArchitectureError if it cannot be built with these parameters."""
        return Network(self.op(), Shape(self.task.channels, self.task.resolution, self.task.resolution))

    @abstractmethod
    def op(self) -> Seq:
        """The expression from the task's images to its scores."""


@dataclass(frozen=True, kw_only=True)
class WithStem(ReferenceNetwork):
    """A network whose first layers reduce the images by a published factor, which small images may need less of."""

    published_stride: ClassVar[int]
    """Of the stem; a power of two."""

    stem_stride: StemStride = "paper"

    @property
    def stride(self) -> int:
        """Of the stem, for the task's images.

        `auto` halves the published one as often as the images can be doubled up to SMALL_IMAGES, so that the blocks get
        maps of sizes that they were published for, as far as there are pixels.
        """
        match self.stem_stride:
            case "paper":
                return self.published_stride
            case "auto":
                doublings = (SMALL_IMAGES // min(self.task.resolution, SMALL_IMAGES)).bit_length() - 1
                return max(1, self.published_stride >> doublings)
        return self.stem_stride


network: Registry[ReferenceNetwork] = Registry("network", "nas.networks")


def read_network_or_name(text: str, parameters: Mapping[str, Any]) -> Network:
    """The network of a notation (input, colon, layers), or of a name with its parameters, which can be built.

    SpecError if a notation is given parameters, or a parameter is wrong; UnknownNameError lists the names.
    """
    if ":" not in text:
        found = network.make({"name": text, **parameters}).expand()
    elif parameters:
        raise SpecError(f"{next(iter(parameters))}: a notation says it itself; leave it out, or name a network")
    else:
        found = read_network(text)
    network_cost(found)
    return found
