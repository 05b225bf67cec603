"""Weights as small integers: the codes of a tensor, and the values that they stand for."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint8]
Floats = NDArray[np.float32]

MAX_LEVELS = 256


def ascending(levels: NDArray[np.floating]) -> bool:
    """Whether levels are finite, ascending and distinct."""
    return bool(np.isfinite(levels).all() and (levels[1:] > levels[:-1]).all())


def zero_of(levels: Floats) -> int | None:
    """The code of the level 0 among ascending ones, or None if there is none."""
    place = int(np.searchsorted(levels, 0.0))
    return place if place < len(levels) and levels[place] == 0 else None


@dataclass(frozen=True, slots=True, eq=False)
class CodedTensor:
    """A weight of a convolution or a linear layer whose elements take few values.

    codes: uint8 [out, ...], indices into levels. levels: float32 [K], 1 <= K <= 256, ascending and distinct. scale:
    float32 [out], a factor for each output channel, or None for 1. The value of an element is
    levels[code] * scale[output channel]. A pruned weight has the code of the level 0.
    """

    codes: Codes
    levels: Floats
    scale: Floats | None = None

    def __post_init__(self) -> None:
        levels = self.levels
        if not 1 <= len(levels) <= MAX_LEVELS or not ascending(levels):
            raise ValueError(f"{len(levels)} levels: 1 to {MAX_LEVELS} finite ones are needed, ascending and distinct")
        if self.codes.size and int(self.codes.max()) >= len(levels):
            raise ValueError(f"code {self.codes.max()} stands for none of the {len(levels)} levels")
        if self.scale is not None and self.scale.shape != self.codes.shape[:1]:
            raise ValueError(f"scale is {self.scale.shape}, not one factor for each of {self.codes.shape[0]} outputs")

    @property
    def shape(self) -> tuple[int, ...]:
        return self.codes.shape

    @property
    def bits(self) -> int:
        """Bits of one code, without any coding of sequences: 2 for the three levels of a ternary weight."""
        return max(1, (len(self.levels) - 1).bit_length())

    @property
    def zero(self) -> int | None:
        """The code of the level 0, or None if there is none."""
        return zero_of(self.levels)

    @property
    def density(self) -> float:
        """Share of the elements that are not 0."""
        return 1.0 if self.zero is None else float(np.mean(self.codes != self.zero))

    def values(self) -> Floats:
        """The tensor in 32-bit floats."""
        values = self.levels[self.codes]
        return values if self.scale is None else values * _by_output(self.scale, values.ndim)

    def scaled(self, factor: Floats) -> "CodedTensor":
        """The tensor with each output channel multiplied by its factor [out]; the codes stay."""
        return replace(self, scale=factor if self.scale is None else self.scale * factor)


def coded(values: Floats) -> CodedTensor:
    """A tensor that takes at most 256 values, exactly as codes. ValueError if it takes more."""
    levels, codes = np.unique(values, return_inverse=True)
    if len(levels) > MAX_LEVELS:
        raise ValueError(f"{len(levels)} different values: at most {MAX_LEVELS} can be coded")
    return CodedTensor(codes.reshape(values.shape).astype(np.uint8), levels.astype(np.float32))


def _by_output(scale: Floats, dimensions: int) -> Floats:
    return scale.reshape(-1, *[1] * (dimensions - 1))
