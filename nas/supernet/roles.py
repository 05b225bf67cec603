"""The role of each layer of a network in its space: its stage, its place in the stage and its block."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache

from nas.architecture import Stage
from nas.decision import ways
from nas.errors import InvalidArchitectureError, SpecError
from nas.ops import Network, Op, Shape
from nas.ops.cost import cost_of, placed
from nas.space import SearchSpace
from nas.supernet.sharing import Share, layer_shares

STEM = "stem"


def layer_role(stage: int, layer: int, kind: str) -> str:
    """Of a layer of a stage; both count from 0."""
    return f"stage{stage}/layer{layer}/{kind}"


def last_role(stage: int | None) -> str:
    """Of what follows the last stage that is there: it has weights of its own for each; None without any stage."""
    return "after-stem" if stage is None else f"after-stage{stage}"


Placed = tuple[tuple[Op, Shape, str], ...]
"""The members of a network's expression, each with the shape of its input and its role."""


class Roles:
    """The roles of the layers of networks of one space."""

    def __init__(self, space: SearchSpace) -> None:
        self.space = space
        self._beginning_with = lru_cache(maxsize=None)(self._stages_by_first_layer)
        self.of = lru_cache(maxsize=4096)(self._of)

    def shares(self, network: Network) -> Iterator[Share]:
        """All parameters of a network as parts of shared tensors. SpecError if it is not of the space."""
        for number, (op, x, role) in enumerate(self.of(network)):
            for share in layer_shares(op, x):
                yield Share(f"{number}.{share.path}", f"{role}/{share.key}", share.sizes)

    def _of(self, network: Network) -> Placed:
        """The layers with their roles. A network that can be written in several ways has the first one's.

        SpecError if it is not of the space.
        """
        members = network.op.ops
        for multiplier in self.space.width_multiplier:
            frame = self.space.frame({"resolution": network.input.height, "width_multiplier": multiplier})
            layers = members[1 : len(members) - len(frame.last_ops)]
            if network.input != frame.input or members != (frame.first_op, *layers, *frame.last_ops):
                continue
            x, _ = cost_of(frame.first_op, network.input)
            found = self._matched(0, layers, x, multiplier)
            if found is not None:
                roles = (STEM, *found, *found[-1:] * (len(frame.last_ops) - 1))
                ops_at = placed(members, network.input)
                return tuple((op, at, role) for (op, at), role in zip(ops_at, roles, strict=True))
        raise SpecError(f"the network is not one of the space {self.space.name!r}, which the shared weights are of")

    def _matched(self, number: int, layers: tuple[Op, ...], x: Shape, multiplier: float) -> list[str] | None:
        """The roles of these layers and of what follows them, if the stages from `number` on can be these layers."""
        if number == len(self.space.stages):
            return None if layers else [last_role(None)]
        if layers:
            for stage in self._beginning_with(number, x, multiplier).get(layers[0], ()):
                roles = self._as_stage(stage, number, layers, x, multiplier)
                if roles is not None:
                    return roles
        can_be_left_out = 0 in self.space.stages[number].options["layers"]
        return self._matched(number + 1, layers, x, multiplier) if can_be_left_out else None

    def _as_stage(
        self, stage: Stage, number: int, layers: tuple[Op, ...], x: Shape, multiplier: float
    ) -> list[str] | None:
        """As _matched, if the first of the layers are this stage."""
        own = list(stage.expand(x))
        if tuple(op for op, _ in own) != layers[: len(own)]:
            return None
        rest = self._matched(number + 1, layers[len(own) :], own[-1][1], multiplier)
        if rest is None:
            return None
        if rest == [last_role(None)]:
            rest = [last_role(number)]
        return [*(layer_role(number, layer, stage.block.name) for layer in range(len(own))), *rest]

    def _stages_by_first_layer(self, number: int, x: Shape, multiplier: float) -> Mapping[Op, list[Stage]]:
        """What a stage can be on an input of shape x, by its first layer."""
        found: dict[Op, list[Stage]] = defaultdict(list)
        for stage in stages_of(self.space, number, multiplier):
            with suppress(InvalidArchitectureError):
                (first, _), *_ = stage.expand(x)
                found[first].append(stage)
        return found


def stages_of(space: SearchSpace, number: int, multiplier: float) -> Iterator[Stage]:
    """All that a stage of the space can be, where it is not left out."""
    choices = space.stages[number]
    for answers, _ in ways(choices.tree()):
        if answers["layers"]:
            yield choices.member(answers, multiplier)
