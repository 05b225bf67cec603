"""The factorized hierarchical search space (MnasNet, arXiv:1807.11626, section 4.1) and its points.

A space is one function that asks questions: walk visits the decisions in order, and whoever answers them samples,
mutates, decodes or learns.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from math import prod
from random import Random
from typing import Any

from nas.block import Block, block, round_channels
from nas.errors import InfeasibleError, InvalidArchitectureError, SpecError
from nas.ops import Conv, GlobalPool, Linear, Network, Op, Seq, Shape
from nas.ops.cost import cost_of

TRIES = 1000
"""How often a valid member is looked for before a space counts as infeasible."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One question a space asks: a dotted name and the answers it takes."""

    name: str
    options: tuple[Any, ...]


Choose = Callable[[Decision], int]
"""Answers a decision with the index of an option."""


@dataclass(frozen=True, slots=True)
class Stem:
    """The first convolution."""

    width: int
    kernel: int = 3
    stride: int = 2


@dataclass(frozen=True, slots=True)
class Stage:
    """layers copies of one block; the first goes to width channels and takes the stride."""

    block: Block
    layers: int
    width: int
    stride: int


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

    def expand(self) -> Network:
        """The network. InvalidArchitectureError says which stage cannot be built, and why."""
        ops: list[Op] = [Conv(self.stem.width, self.stem.kernel, self.stem.stride)]
        x, _ = cost_of(ops[0], Shape(self.channels, self.resolution, self.resolution))
        for number, stage in enumerate(self.stages):
            for layer in range(stage.layers):
                try:
                    op = stage.block.expand(x.channels, stage.width, stage.stride if layer == 0 else 1)
                    x, _ = cost_of(op, x)
                except InvalidArchitectureError as error:
                    raise InvalidArchitectureError(f"stage {number} ({stage.block.name}): {error}") from None
                ops.append(op)
        if self.head:
            ops.append(Conv(self.head))
        ops.append(Seq((GlobalPool(), Linear(self.classes))))
        return Network(Seq(tuple(ops)), Shape(self.channels, self.resolution, self.resolution))

    def refusal(self) -> str | None:
        """Why the network cannot be built, or None if it can."""
        try:
            self.expand()
        except InvalidArchitectureError as error:
            return str(error)
        return None

    def to_dict(self) -> dict[str, Any]:
        """As JSON values; from_dict is the inverse."""
        stages = [
            {"block": s.block.name, **s.block.parameters(), "layers": s.layers, "width": s.width, "stride": s.stride}
            for s in self.stages
        ]
        stem = {"width": self.stem.width, "kernel": self.stem.kernel, "stride": self.stem.stride}
        return {
            "resolution": self.resolution,
            "channels": self.channels,
            "stem": stem,
            "stages": stages,
            "head": self.head,
            "classes": self.classes,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Architecture":
        stages = []
        for given in data["stages"]:
            rest = dict(given)
            kind, shape = block[rest.pop("block")], {key: rest.pop(key) for key in ("layers", "width", "stride")}
            stages.append(Stage(kind(**rest), **shape))
        return cls(**{**data, "stem": Stem(**data["stem"]), "stages": tuple(stages)})

    @property
    def id(self) -> str:
        """Content id: sha256 of the canonical JSON, 16 hexadecimal digits."""
        canonical = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An architecture and the choices that led to it: option indices by decision name, in the order asked."""

    architecture: Architecture
    choices: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class BlockSpace:
    """A block and the options of each of its parameters."""

    block: type[Block]
    parameters: Mapping[str, tuple[Any, ...]]

    def size(self) -> int:
        return prod(len(options) for options in self.parameters.values())


@dataclass(frozen=True, slots=True)
class StageSpace:
    """What a stage may be. Option 0 of layers leaves the stage out."""

    blocks: tuple[BlockSpace, ...]
    layers: tuple[int, ...]
    widths: tuple[int, ...]
    strides: tuple[int, ...]

    def size(self) -> int:
        return sum(b.size() for b in self.blocks) * len(self.layers) * len(self.widths) * len(self.strides)


@dataclass(frozen=True, slots=True)
class SearchSpace:
    """Decisions on the input resolution, on a multiplier of widths (MobileNet, sections 3.3, 3.4) and on each stage."""

    name: str
    resolutions: tuple[int, ...]
    multipliers: tuple[float, ...]
    stem: Stem
    stages: tuple[StageSpace, ...]
    head: int
    channels: int = 3
    classes: int = 1000

    def size(self) -> int:
        """Number of ways to answer all decisions, exactly; invalid combinations included."""
        return len(self.resolutions) * len(self.multipliers) * prod(stage.size() for stage in self.stages)

    def describe(self) -> dict[str, Any]:
        """The space as JSON values in the words of its file, with the exact sizes of the whole and of each part."""
        stages = [
            {
                "size": stage.size(),
                "blocks": [{"block": b.block.name, "size": b.size(), "parameters": b.parameters} for b in stage.blocks],
                "layers": stage.layers,
                "width": stage.widths,
                "stride": stage.strides,
            }
            for stage in self.stages
        ]
        return {
            "name": self.name,
            "size": self.size(),
            "resolution": self.resolutions,
            "width_multiplier": self.multipliers,
            "stem": asdict(self.stem),
            "stages": stages,
            "head": self.head,
            "channels": self.channels,
            "classes": self.classes,
        }

    def for_images(self, channels: int, side: int, classes: int) -> "SearchSpace":
        """The space for images of side x side pixels.

        A space with a single resolution takes the images as they are; one with several keeps them as a decision.
        """
        resolutions = self.resolutions if len(self.resolutions) > 1 else (side,)
        return replace(self, resolutions=resolutions, channels=channels, classes=classes)

    def walk(self, choose: Choose) -> Candidate:
        """Build one candidate, asking choose at every decision; a decision with one option is not asked.

        The candidate may be invalid: architecture.refusal() says so. sample and valid look for valid ones.
        """
        choices: dict[str, int] = {}

        def pick(name: str, options: tuple[Any, ...]) -> Any:
            if len(options) == 1:
                return options[0]
            choices[name] = choose(Decision(name, options))
            return options[choices[name]]

        resolution = pick("resolution", self.resolutions)
        multiplier = pick("width_multiplier", self.multipliers)
        stages = tuple(_stage(space, f"stage{i}", multiplier, pick) for i, space in enumerate(self.stages))
        architecture = Architecture(
            resolution,
            self.channels,
            replace(self.stem, width=scaled_width(self.stem.width, multiplier)),
            tuple(stage for stage in stages if stage.layers),
            scaled_width(self.head, multiplier),
            self.classes,
        )
        return Candidate(architecture, choices)

    def valid(self, choose: Choose, tries: int = TRIES) -> Candidate:
        """The first valid candidate of repeated walks; choose should answer differently each time.

        InfeasibleError if there is none in so many tries; it gives the commonest reason.
        """
        refusals: Counter[str] = Counter()
        for _ in range(tries):
            candidate = self.walk(choose)
            refusal = candidate.architecture.refusal()
            if refusal is None:
                return candidate
            refusals[refusal] += 1
        commonest, times = refusals.most_common(1)[0]
        raise InfeasibleError(
            f"space {self.name!r}: no valid architecture in {tries} samples; {times} were refused because {commonest}. "
            "Widen the options of the stages involved."
        )

    def sample(self, rng: Random, tries: int = TRIES) -> Candidate:
        """A random valid candidate, each decision answered uniformly."""
        return self.valid(lambda decision: rng.randrange(len(decision.options)), tries)

    def decode(self, choices: Mapping[str, int]) -> Candidate:
        """The candidate that these choices lead to."""

        def choose(decision: Decision) -> int:
            index = choices.get(decision.name)
            if index is None or not 0 <= index < len(decision.options):
                raise SpecError(f"choices.{decision.name}: {index!r} is no index into {len(decision.options)} options")
            return index

        return self.walk(choose)


def scaled_width(width: int, multiplier: float) -> int:
    return width if multiplier == 1 or width == 0 else round_channels(width * multiplier)


def _stage(space: StageSpace, name: str, multiplier: float, pick: Callable[[str, tuple[Any, ...]], Any]) -> Stage:
    kinds = tuple(b.block.name for b in space.blocks)
    chosen = space.blocks[kinds.index(pick(f"{name}.block", kinds))]
    parameters = {
        parameter: pick(f"{name}.{chosen.block.name}.{parameter}", options)
        for parameter, options in chosen.parameters.items()
    }
    layers, width = pick(f"{name}.layers", space.layers), pick(f"{name}.width", space.widths)
    stride = pick(f"{name}.stride", space.strides)
    return Stage(chosen.block(**parameters), layers, scaled_width(width, multiplier), stride)
