"""Hand-designed networks by name, which searches are compared with."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

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
