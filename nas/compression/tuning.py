"""What compressors that train have in common."""

from typing import Literal, TypeVar

from torch import nn

from nas.compression.bench import Bench
from nas.compression.forms import Layer, layers
from nas.compression.model import Model
from nas.errors import CompressionError
from nas.training import Recipe
from nas.training.criterion import Criterion
from nas.training.fit import fit

T = TypeVar("T")


def tune(model: Model, bench: Bench, recipe: Recipe, criterion: Criterion) -> None:
    """Train the model's module by the recipe; its forms stay."""
    fit(
        model.module,
        bench.dataset,
        recipe,
        seed=bench.seed,
        report=bench.report,
        device=bench.device,
        resolution=model.network.input.height,
        checkpoint_path=bench.checkpoint,
        criterion=criterion,
    )


def chosen_layers(module: nn.Module, which: Literal["inner", "all"]) -> list[Layer]:
    """The layers of a network in its order: all, or those between the first and the last.

    CompressionError if there is none between.
    """
    found = list(layers(module).values())
    chosen = found if which == "all" else found[1:-1]
    if not chosen:
        raise CompressionError(f"layers: none between the first and the last of {len(found)}; give `layers: all`")
    return chosen


def by_layer(value: T | tuple[T, ...], count: int, field: str) -> tuple[T, ...]:
    """A parameter that may be one value for all layers, as one for each. CompressionError if the number is wrong."""
    values = value if isinstance(value, tuple) else (value,) * count
    if len(values) != count:
        raise CompressionError(
            f"{field}: {len(values)} values for {count} layers; give one value, or one for each layer"
        )
    return values
