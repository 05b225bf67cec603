"""Spaces and members of them."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from api.schemas.common import DescribedBy, Json, Received, Sent

Space = Annotated[
    Annotated[str, Field(max_length=64)] | dict[str, Any],
    Field(description="the name of a known space, or a space as a mapping", examples=["small"]),
]


class SpaceBody(Received):
    space: Space


class DecodeBody(SpaceBody):
    """Without choices, a random member is drawn by the seed."""

    choices: Annotated[
        dict[str, Annotated[int, Field(ge=0, lt=2**31, strict=True)]] | None,
        Field(description="index of an option by the name of its decision"),
    ] = None
    seed: Annotated[int, Field(ge=0, lt=2**31, strict=True)] = 0


class Cost(Sent):
    """Of one image; sizes are of 32-bit floats. Metrics of the network that a newer service knows are added."""

    model_config = ConfigDict(extra="allow")

    params: int
    macs: int
    size_bytes: int
    peak_memory_bytes: int


class Node(Sent):
    """op: its tag, or `image`, `cat`, `add`. shape: of its output. member: its part of the network."""

    id: int
    op: str
    text: str
    shape: list[int]
    params: int
    macs: int
    member: int


class Diagram(Sent):
    """A network as nodes and edges; input is [channels, height, width], an edge a pair of ids."""

    input: list[int]
    nodes: list[Node]
    edges: list[tuple[int, int]]


class Member(Sent):
    """One architecture of a space. diagram: nodes and edges, with the output shape and the cost of each node."""

    architecture_id: str
    notation: str
    architecture: dict[str, Any]
    choices: dict[str, int]
    cost: Cost
    diagram: Annotated[Json, DescribedBy(Diagram)]
