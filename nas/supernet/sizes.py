"""The sizes of shared tensors: the largest that any network of the space has, found without building the networks."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

from nas.architecture import Architecture, Stage
from nas.errors import InvalidArchitectureError
from nas.ops import Op, Shape
from nas.ops.cost import cost_of, placed
from nas.space import SearchSpace
from nas.supernet.roles import STEM, last_role, layer_role, stages_of
from nas.supernet.sharing import Sizes, layer_shares


def tensor_sizes(space: SearchSpace) -> Mapping[str, Sizes]:
    """The sizes of each shared tensor by its key, in the order of the keys."""
    found: dict[str, Sizes] = {}
    for role, op, x in _layers(space):
        for share in layer_shares(op, x):
            key = f"{role}/{share.key}"
            known = found.get(key, share.sizes)
            found[key] = tuple(map(max, known, share.sizes))
    return dict(sorted(found.items()))


def _layers(space: SearchSpace) -> Iterator[tuple[str, Op, Shape]]:
    """Every layer that some network has, with its role and the shape of its input."""
    for resolution in space.resolution:
        for multiplier in space.width_multiplier:
            frame = space.frame({"resolution": resolution, "width_multiplier": multiplier})
            yield STEM, frame.first_op, frame.input
            x, _ = cost_of(frame.first_op, frame.input)
            yield from _layers_of_stages(space, frame, x, multiplier)


def _layers_of_stages(
    space: SearchSpace, frame: Architecture, x: Shape, multiplier: float
) -> Iterator[tuple[str, Op, Shape]]:
    inputs: dict[Shape, set[int | None]] = {x: {None}}  # with the stages that they may come from
    for number, choices in enumerate(space.stages):
        outputs: dict[Shape, set[int | None]] = {}
        if 0 in choices.options["layers"]:
            outputs |= {shape: set(stages) for shape, stages in inputs.items()}
        for stage in _longest(stages_of(space, number, multiplier)):
            for shape in inputs:
                y = yield from _layers_of_stage(stage, number, shape)
                if y is not None:
                    outputs.setdefault(y, set()).add(number)
        inputs = outputs
    for shape, stages in inputs.items():
        for last in stages:
            for op, at in placed(frame.last_ops, shape):
                yield last_role(last), op, at


def _layers_of_stage(stage: Stage, number: int, x: Shape) -> Generator[tuple[str, Op, Shape], None, Shape | None]:
    """The layers of a stage; returns the shape of its output, None if not even its first layer can be built."""
    y = None
    with suppress(InvalidArchitectureError):
        for layer, (op, shape) in enumerate(stage.expand(x)):
            yield layer_role(number, layer, stage.block.name), op, x if layer == 0 else shape
            y = shape
    return y


def _longest(stages: Iterator[Stage]) -> Iterator[Stage]:
    """Stages with the most layers, once for all that differ in their number alone."""
    found: dict[Stage, int] = {}
    for stage in stages:
        alone = replace(stage, layers=1)
        found[alone] = max(found.get(alone, 0), stage.layers)
    return (replace(stage, layers=layers) for stage, layers in found.items())
