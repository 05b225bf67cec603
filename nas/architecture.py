"""Architectures: all that determines a network, weights apart."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any, Final

from nas.block import Block, block
from nas.errors import InvalidArchitectureError
from nas.ops import Conv, GlobalPool, Linear, Network, Op, Seq, Shape
from nas.ops.canonical import network_id
from nas.ops.cost import Cost, cost_of, sequence_cost
from nas.ops.limits import MAX_SMALL_WINDOW
from nas.ops.notation import write_network
from nas.ops.precisions import FLOAT32
from nas.ops.rewriting import rewritten_op, with_activation, with_weights

FLOATS: Final = 32
"""Bits of activations that take any value."""


@dataclass(frozen=True, slots=True)
class Stem:
    """The first convolution."""

    width: int
    kernel: int = 3
    stride: int = 2


@dataclass(frozen=True, slots=True)
class Stage:
    """layers copies of one block; the first goes to width channels and takes the stride.

    precision (nas.ops.precisions) and density are those of the weights; convolutions in groups have all of theirs.
    activation_bits: of what activations such as ReLU put out, 32 for floats.
    """

    block: Block
    layers: int
    width: int
    stride: int
    precision: str = FLOAT32
    activation_bits: int = FLOATS
    density: float = 1.0

    def expand(self, x: Shape) -> Iterator[tuple[Op, Shape]]:
        """The layers on an input of shape x, each with the shape of its output.

        InvalidArchitectureError says why a layer cannot be built.
        """
        for op, y, _ in self.layers_of(x):
            yield op, y

    def layers_of(self, x: Shape) -> Iterator[tuple[Op, Shape, Cost]]:
        """As expand, with the cost of each layer."""
        for layer in range(self.layers):
            stored = _Stored(self.precision, self.activation_bits, self.density)
            op, x, cost = _layer(self.block, x, self.width, self.stride if layer == 0 else 1, stored)
            yield op, x, cost

    def to_dict(self) -> dict[str, Any]:
        """The stage as JSON values: its block's name, the block's parameters, and STAGE_OPTIONS.

        Defaults are left out, so that a stage has the same content id as before it had these fields.
        """
        decided = {f.name: getattr(self, f.name) for f in _OPTIONS if getattr(self, f.name) != f.default}
        return {"block": self.block.name, **self.block.parameters(), **decided}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Stage":
        rest = dict(data)
        kind, decided = block[rest.pop("block")], {name: rest.pop(name) for name in STAGE_OPTIONS if name in rest}
        return cls(kind(**rest), **decided)


@dataclass(frozen=True, slots=True)
class _Stored:
    """How numbers of a layer are stored, as in Stage."""

    precision: str
    activation_bits: int
    density: float

    def change(self, node: Op) -> Op:
        node = with_weights(node, self.precision, self.density)
        return node if self.activation_bits == FLOATS else with_activation(node, f"uint{self.activation_bits}")


@lru_cache(maxsize=4096)  # networks of one space share most of their layers
def _layer(block: Block, x: Shape, width: int, stride: int, stored: _Stored) -> tuple[Op, Shape, Cost]:
    """The expression of block on an input of shape x, the shape of its output, and its cost."""
    op = rewritten_op(block.expand(x.channels, width, stride), stored.change)
    return op, *cost_of(op, x)


def check_window(window: int, resolution: int) -> None:
    """InvalidArchitectureError if a window of so many pixels is wider than images of resolution x resolution pixels."""
    if window > max(resolution, MAX_SMALL_WINDOW):
        raise InvalidArchitectureError(
            f"a {window}x{window} window is wider than the images, which have {resolution} pixels a side"
        )


_OPTIONS = tuple(f for f in fields(Stage) if f.name != "block")
STAGE_OPTIONS = tuple(f.name for f in _OPTIONS)
"""The decisions on a stage besides its block: fields of Stage, under the names that decisions and files use."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """One point of a space: all that determines a network, weights apart. Equal architectures have equal ids.

    channels and resolution are the input's; head is the width of a last 1x1 convolution, 0 for none.
    """

    resolution: int
    channels: int
    stem: Stem
    stages: tuple[Stage, ...]
    head: int
    classes: int

    @property
    def input(self) -> Shape:
        """The shape of an image."""
        return Shape(self.channels, self.resolution, self.resolution)

    @property
    def first_op(self) -> Op:
        """What comes before the stages."""
        return Conv(self.stem.width, self.stem.kernel, self.stem.stride)

    @property
    def last_ops(self) -> tuple[Op, ...]:
        """What comes after the stages."""
        classifier = Seq((GlobalPool(), Linear(self.classes)))
        return (Conv(self.head), classifier) if self.head else (classifier,)

    def expand(self) -> Network:
        """The network. InvalidArchitectureError says which stage cannot be built, and why."""
        ops: list[Op] = [self.first_op]
        x, cost = cost_of(self.first_op, self.input)
        costs = [cost]
        for number, stage in enumerate(self.stages):
            try:
                check_window(stage.block.window, self.resolution)
                for op, y, cost in stage.layers_of(x):
                    ops.append(op)
                    costs.append(cost)
                    x = y
            except InvalidArchitectureError as error:
                raise InvalidArchitectureError(f"stage {number} ({stage.block.name}): {error}") from None
        sequence_cost([*costs, cost_of(Seq(self.last_ops), x)[1]])
        return Network(Seq((*ops, *self.last_ops)), self.input)

    def refusal(self) -> str | None:
        """Why the network cannot be built, or None if it can."""
        try:
            self.expand()
        except InvalidArchitectureError as error:
            return str(error)
        return None

    def to_dict(self) -> dict[str, Any]:
        """The architecture as JSON values; from_dict is the inverse."""
        stages = [stage.to_dict() for stage in self.stages]
        return {f.name: getattr(self, f.name) for f in fields(self)} | {"stem": asdict(self.stem), "stages": stages}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Architecture":
        stages = tuple(map(Stage.from_dict, data["stages"]))
        return cls(**{**data, "stem": Stem(**data["stem"]), "stages": stages})

    def describe(self) -> dict[str, Any]:
        """The architecture for people who read a journal: its id, its network's notation, and its JSON values."""
        notation = write_network(self.expand())
        return {"architecture_id": self.id, "notation": notation, "architecture": self.to_dict()}

    @property
    def id(self) -> str:
        """Content id: sha256 of the canonical JSON, 16 hexadecimal digits."""
        canonical = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]

    @property
    def network_id(self) -> str:
        """Content id of what the network computes (nas.ops.canonical): architectures that differ in what has no effect,
        such as a skip that does not apply, share it. InvalidArchitectureError as in expand.
        """
        return _network_id(self)


@lru_cache(maxsize=4096)  # it is asked for at each step of a trial
def _network_id(architecture: Architecture) -> str:
    return network_id(architecture.expand())
