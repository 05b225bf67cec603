"""Hand-designed networks by name: what a search is compared with."""

from abc import ABC, abstractmethod
from typing import ClassVar

from nas.ops import Network
from nas.registry import Registry


class ReferenceNetwork(ABC):
    """One family of networks from a paper. Its keyword-only constructor parameters are the paper's multipliers.

    Every family takes `resolution` (pixels), `channels` and `classes`, with the paper's values as defaults.
    """

    name: ClassVar[str]

    @abstractmethod
    def expand(self) -> Network:
        """The network as an expression. InvalidArchitectureError if the parameters cannot be built."""


network: Registry[ReferenceNetwork] = Registry("network", "nas.networks")
