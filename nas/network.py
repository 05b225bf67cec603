"""Hand-designed networks by name, which searches are compared with."""

from abc import ABC, abstractmethod
from typing import Annotated, ClassVar

from pydantic import Field

from nas.ops import Network
from nas.registry import Registry

Width = Annotated[float, Field(gt=0, le=10, description="multiplier of the channels")]
Resolution = Annotated[int, Field(ge=1, description="height and width of the input in pixels")]
Channels = Annotated[int, Field(ge=1, description="channels of the input")]
Classes = Annotated[int, Field(ge=1, description="scores in the output")]


class ReferenceNetwork(ABC):
    """One family of networks from a paper. Its keyword-only constructor parameters are the paper's multipliers.

    Every family takes `resolution` (pixels), `channels` and `classes`, with the paper's values as defaults.
    """

    name: ClassVar[str]

    @abstractmethod
    def expand(self) -> Network:
        """The network as an expression. InvalidArchitectureError if it cannot be built with these parameters."""


network: Registry[ReferenceNetwork] = Registry("network", "nas.networks")
