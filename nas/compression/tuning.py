"""What compressors that train have in common."""

from typing import TypeVar

from nas.compression.bench import Bench
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


def by_layer(value: T | tuple[T, ...], count: int, field: str) -> tuple[T, ...]:
    """A parameter that may be one value for all layers, as one for each. CompressionError if the number is wrong."""
    values = value if isinstance(value, tuple) else (value,) * count
    if len(values) != count:
        raise CompressionError(
            f"{field}: {len(values)} values for {count} layers; give one value, or one for each layer"
        )
    return values
