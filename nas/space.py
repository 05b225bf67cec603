"""Search spaces, and the factorized hierarchical one (MnasNet, arXiv:1807.11626, section 4.1).

A space is a tree of decisions and a function from answers to a point, such as an architecture. Walk, sizes, description
and kernel frequencies are readings of that tree. Each field of nas.architecture.Stage is a decision on a stage.
"""

import hashlib
import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from itertools import chain
from random import Random
from typing import Any, Generic, Protocol

from typing_extensions import TypeVar

from nas.architecture import Architecture, Stage, Stem
from nas.block import Block, block, round_channels
from nas.decision import Choose, Decision, all_asked, answer, count_ways, look_up, uniform
from nas.errors import InfeasibleError
from nas.ops.precisions import FLOAT32, WITH_ZERO

TRIES = 1000
"""Number of walks without a valid member after which a space counts as infeasible."""


class Point(Protocol):
    """What a space is made of: an Architecture, or the row of a table. Equal points are hashable and have equal ids."""

    @property
    def id(self) -> str: ...

    @property
    def network_id(self) -> str:
        """Points that compute the same share it, and are trained once."""
        ...

    def refusal(self) -> str | None:
        """Why it cannot be built, or None if it can."""
        ...

    def describe(self) -> dict[str, Any]:
        """JSON values for people who read a journal; its id is `architecture_id`."""
        ...


P_co = TypeVar("P_co", bound=Point, default=Architecture, covariant=True)


@dataclass(frozen=True, slots=True)
class Candidate(Generic[P_co]):
    """A point, usually an architecture, and the choices that led to it: option indices by decision name, in the order
    asked.
    """

    architecture: P_co
    choices: Mapping[str, int]


class Space(ABC, Generic[P_co]):
    """What searchers choose from: decisions, and the point that answers to them give."""

    name: str

    @property
    @abstractmethod
    def tree(self) -> tuple[Decision, ...]:
        """The decisions of each walk, in the order asked; they open those that only some walks ask."""

    @abstractmethod
    def member(self, answers: Mapping[str, Any]) -> P_co:
        """The point that these answers give: the chosen options by decision name, those without a choice included."""

    @cached_property
    def _asked(self) -> tuple[Decision, ...]:
        return all_asked(self.tree)

    def decisions(self) -> tuple[Decision, ...]:
        """Every decision that some walk asks, in an order that depends on the space alone.

        Searchers that learn something for each option need to know them before the first walk.
        """
        return self._asked

    def size(self) -> int:
        """Number of ways to answer all decisions, exactly; invalid combinations included."""
        return count_ways(self.tree)

    def walk(self, choose: Choose) -> Candidate[P_co]:
        """Build one candidate, asking choose at every decision; a decision with one option is not asked.

        The candidate may be invalid: architecture.refusal() says so. sample and valid look for valid ones.
        """
        choices: dict[str, int] = {}
        answers: dict[str, Any] = {}
        for decision, index in answer(self.tree, choose):
            answers[decision.name] = decision.options[index]
            if decision.is_asked:
                choices[decision.name] = index
        return Candidate(self.member(answers), choices)

    def valid(self, choose: Choose, tries: int = TRIES) -> Candidate[P_co]:
        """The first valid candidate of repeated walks; choose should answer differently each time.

        InfeasibleError if there is none in so many tries; it gives the commonest reason.
        """
        refusals: list[str] = []
        for _ in range(tries):
            candidate = self.walk(choose)
            refusal = candidate.architecture.refusal()
            if refusal is None:
                return candidate
            refusals.append(refusal)
        raise self.infeasible(refusals)

    def infeasible(self, refusals: Sequence[str]) -> InfeasibleError:
        """The error to raise when all samples were refused, for these reasons."""
        commonest, times = Counter(refusals).most_common(1)[0]
        return InfeasibleError(
            f"space {self.name!r}: no valid architecture in {len(refusals)} samples; {times} were refused because "
            f"{commonest}. Widen the options of the stages involved."
        )

    def sample(self, rng: Random, tries: int = TRIES) -> Candidate[P_co]:
        """A random valid candidate, each decision answered uniformly."""
        return self.valid(uniform(rng), tries)

    def neighbour(self, parent: Candidate[P_co], rng: Random) -> Candidate[P_co]:
        """parent with another answer to one decision; decisions that this answer opens are answered uniformly.

        It may be invalid, as what walk gives.
        """
        changed = rng.choice(list(parent.choices)) if parent.choices else None

        def choose(decision: Decision) -> int:
            old = parent.choices.get(decision.name)
            if old is None:
                return rng.randrange(len(decision.options))
            if decision.name != changed:
                return old
            return (old + rng.randrange(1, len(decision.options))) % len(decision.options)

        return self.walk(choose)

    def decode(self, choices: Mapping[str, int]) -> Candidate[P_co]:
        """The candidate that these choices lead to; SpecError for a choice that is missing or no option."""
        return self.walk(look_up(choices))


@dataclass(frozen=True, slots=True)
class BlockSpace:
    """A block and the options of each of its parameters."""

    block: type[Block]
    parameters: Mapping[str, tuple[Any, ...]]

    def tree(self, prefix: str = "") -> tuple[Decision, ...]:
        """One decision on each parameter; prefix goes before each name."""
        return tuple(Decision(f"{prefix}{parameter}", options) for parameter, options in self.parameters.items())

    def to_dict(self) -> dict[str, Any]:
        return {"block": self.block.name, "parameters": dict(self.parameters)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "BlockSpace":
        return cls(block[data["block"]], {name: tuple(options) for name, options in data["parameters"].items()})

    def describe(self) -> dict[str, Any]:
        return {"block": self.block.name, "size": count_ways(self.tree()), "parameters": self.parameters}


@dataclass(frozen=True, slots=True)
class StageSpace:
    """The choices for a stage: its blocks, and the options for each of STAGE_OPTIONS by name. 0 layers leave it out.

    The density of weights is asked where their precision has a code for pruned ones.
    """

    blocks: tuple[BlockSpace, ...]
    options: Mapping[str, tuple[Any, ...]]

    def tree(self, prefix: str = "") -> tuple[Decision, ...]:
        """The decision on the block, which opens its parameters, and then the others; prefix goes before each name."""
        kinds = {space.block.name: space.tree(f"{prefix}{space.block.name}.") for space in self.blocks}
        block = Decision(f"{prefix}block", tuple(kinds), kinds)
        options = dict(self.options)
        densities = options.pop("density", (1.0,))
        pruned = {name: (Decision(f"{prefix}{name}.density", densities),) for name in WITH_ZERO}
        opens = {"precision": pruned}
        return (block, *(Decision(f"{prefix}{name}", each, opens.get(name, {})) for name, each in options.items()))

    def member(self, answers: Mapping[str, Any], multiplier: float, prefix: str = "") -> Stage:
        """The stage that these answers to tree(prefix) give, its width times multiplier."""
        kind = answers[f"{prefix}block"]
        chosen = next(space for space in self.blocks if space.block.name == kind)
        parameters = {parameter: answers[f"{prefix}{kind}.{parameter}"] for parameter in chosen.parameters}
        decided = {name: answers[f"{prefix}{name}"] for name in self.options if name != "density"}
        decided["density"] = answers.get(f"{prefix}{decided.get('precision')}.density", 1.0)
        decided["width"] = scaled_width(decided["width"], multiplier)
        return Stage(chosen.block(**parameters), **decided)

    def size(self) -> int:
        """Number of ways to answer all decisions on the stage, exactly."""
        return count_ways(self.tree())

    def to_dict(self) -> dict[str, Any]:
        return {"blocks": [space.to_dict() for space in self.blocks], "options": dict(self.options)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "StageSpace":
        options = {name: tuple(each) for name, each in data["options"].items()}
        return cls(tuple(map(BlockSpace.from_dict, data["blocks"])), options)

    def describe(self) -> dict[str, Any]:
        defaults = {f.name: (f.default,) for f in fields(Stage)}
        decided = {name: options for name, options in self.options.items() if options != defaults[name]}
        return {"size": self.size(), "blocks": [space.describe() for space in self.blocks], **decided}


@dataclass(frozen=True)
class SearchSpace(Space):
    """Decisions on the input resolution, on a multiplier of widths (MobileNet, sections 3.3, 3.4) and on each stage."""

    name: str
    resolution: tuple[int, ...]
    width_multiplier: tuple[float, ...]
    stem: Stem
    stages: tuple[StageSpace, ...]
    head: int
    channels: int = 3
    classes: int = 1000

    def shared_tree(self) -> tuple[Decision, ...]:
        """The decisions that concern the whole network, not one stage."""
        return tuple(Decision(name, getattr(self, name)) for name in ("resolution", "width_multiplier"))

    @cached_property
    def tree(self) -> tuple[Decision, ...]:
        stages = (stage.tree(f"stage{number}.") for number, stage in enumerate(self.stages))
        return (*self.shared_tree(), *chain.from_iterable(stages))

    @property
    def has_codes(self) -> bool:
        """Whether weights of some of its networks are codes, not floats."""
        return any(precision != FLOAT32 for stage in self.stages for precision in stage.options.get("precision", ()))

    def frame(self, answers: Mapping[str, Any]) -> Architecture:
        """The architecture without stages that these answers to shared_tree give."""
        multiplier = answers["width_multiplier"]
        stem = replace(self.stem, width=scaled_width(self.stem.width, multiplier))
        head = scaled_width(self.head, multiplier)
        return Architecture(answers["resolution"], self.channels, stem, (), head, self.classes)

    def describe(self) -> dict[str, Any]:
        """The space as JSON values in the words of its file, with the exact sizes of the whole and of each part."""
        own = {f.name: getattr(self, f.name) for f in fields(self)}
        parts = {"stem": asdict(self.stem), "stages": [stage.describe() for stage in self.stages]}
        return {"name": self.name, "size": self.size(), **own, **parts}

    def to_dict(self) -> dict[str, Any]:
        """The space as JSON values; from_dict is the inverse."""
        own = {f.name: getattr(self, f.name) for f in fields(self)}
        return {**own, "stem": asdict(self.stem), "stages": [stage.to_dict() for stage in self.stages]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "SearchSpace":
        stages = tuple(map(StageSpace.from_dict, data["stages"]))
        several = {name: tuple(data[name]) for name in ("resolution", "width_multiplier")}
        return cls(**{**data, **several, "stem": Stem(**data["stem"]), "stages": stages})

    @property
    def id(self) -> str:
        """Content id: sha256 of the canonical JSON without the name, 16 hexadecimal digits."""
        canonical = json.dumps({**self.to_dict(), "name": ""}, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]

    def for_images(self, channels: int, side: int, classes: int) -> "SearchSpace":
        """The space for images of side x side pixels.

        A space with a single resolution takes the images as they are; one with several keeps them as a decision.
        """
        resolution = self.resolution if len(self.resolution) > 1 else (side,)
        return replace(self, resolution=resolution, channels=channels, classes=classes)

    def member(self, answers: Mapping[str, Any]) -> Architecture:
        multiplier = answers["width_multiplier"]
        stages = (space.member(answers, multiplier, f"stage{number}.") for number, space in enumerate(self.stages))
        return replace(self.frame(answers), stages=tuple(s for s in stages if s.layers))


def scaled_width(width: int, multiplier: float) -> int:
    return width if multiplier == 1 or width == 0 else round_channels(width * multiplier)
