"""Recipes of static quantization: which 8-bit integers stand for weights and for activations."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nas.errors import FormatError

DEFAULT_RECIPE = "int8"


@dataclass(frozen=True, slots=True)
class QuantizationRecipe:
    """Integers are scaled evenly (arXiv:1806.08342, section 2).

    signed_activations: int8 around 0, else uint8 from the smallest to the largest value of a tensor. signed_weights:
    int8 around 0, else uint8. per_channel: a scale for each output channel of a weight, else one for the tensor.
    weight_limit: the largest magnitude of a signed weight. float_layers: how many layers at the begin stay in 32-bit
    floats: an image has few channels, for which integers are no faster.
    """

    signed_activations: bool = False
    signed_weights: bool = True
    per_channel: bool = True
    weight_limit: int = 127
    float_layers: int = 0

    @property
    def may_saturate(self) -> bool:
        """Whether processors without dot-product instructions (VNNI) may compute wrong sums.

        They add two products of an unsigned and a signed byte in 16 bits, and 2 * 255 * 127 does not fit. Signed
        activations are no way out: on x86, ONNX Runtime turns them into unsigned ones, with 128 as their zero.
        """
        return self.signed_weights and 2 * 255 * self.weight_limit > (1 << 15) - 1


RECIPES: Mapping[str, QuantizationRecipe] = {
    DEFAULT_RECIPE: QuantizationRecipe(),
    "int8_fp32_stem": QuantizationRecipe(float_layers=1),
    "int8_per_tensor": QuantizationRecipe(per_channel=False),
    "int8_7bit": QuantizationRecipe(weight_limit=64),
    "int8_s8s8": QuantizationRecipe(signed_activations=True),
    "int8_u8u8": QuantizationRecipe(signed_weights=False, per_channel=False),
}
"""By name. A published name never changes its meaning."""

PRECISIONS = tuple(name for name, recipe in RECIPES.items() if not recipe.float_layers)
"""The recipes under whose names latencies are kept: those that treat a kernel alike wherever it is in a network."""

LARGEST = 1e37
"""Of an activation: the difference of two such is still a 32-bit float."""

Ranges = Mapping[str, tuple[float, float]]
"""The smallest and the largest value of each float tensor between the layers of an ONNX graph, by its name."""


@dataclass(frozen=True, slots=True)
class StaticQuantization:
    """What a float32 ONNX model needs to become integers: the name of a recipe, and the ranges of its activations.

    floats: the tensors whose nodes stay in 32-bit floats, besides the first layers that the recipe leaves in these.
    """

    recipe: str
    ranges: Ranges
    floats: frozenset[str] = frozenset()

    def described(self) -> dict[str, Any]:
        """As JSON values; read makes the same of them."""
        floats = {"floats": sorted(self.floats)} if self.floats else {}
        return {"recipe": self.recipe, "ranges": {name: list(ends) for name, ends in self.ranges.items()}, **floats}

    @classmethod
    def read(cls, described: Any) -> "StaticQuantization":
        """FormatError if it is not what described returns."""
        match described:
            case {"recipe": str(recipe), "ranges": dict(ranges)} if recipe in RECIPES and all(
                map(_are_ends, ranges.values())
            ):
                floats = described.get("floats", [])
                if isinstance(floats, list) and set(floats) <= set(ranges):
                    ends = {str(name): (float(low), float(high)) for name, (low, high) in ranges.items()}
                    return cls(recipe, ends, frozenset(floats))
        raise FormatError("its quantization has no recipe and ranges that this version reads; update nas")


def _are_ends(ends: Any) -> bool:
    match ends:
        case [int() | float() as low, int() | float() as high]:
            return -LARGEST <= low <= high <= LARGEST  # false for NaN
    return False
