"""Activations that take few values (QNN, arXiv:1609.07061, section 3): which ones, by the words that name them."""

from dataclasses import dataclass

SIGNED_BITS = range(2, 9)
UNSIGNED_BITS = range(1, 9)
LOGARITHMIC_BITS = range(2, 5)
"""With 5 bits, the smallest of the powers of two would be 2^-29."""


@dataclass(frozen=True, slots=True)
class EvenSteps:
    """The nearest multiple of step, halfway between two the even one; from lowest to highest steps."""

    step: float
    lowest: int
    highest: int


@dataclass(frozen=True, slots=True)
class PowersOfTwo:
    """The power of two that is nearest on a logarithmic scale, from 2^smallest to 2^largest; 0 below these."""

    smallest: int
    largest: int

    @property
    def threshold(self) -> float:
        """Up to this number the value is 0."""
        return float(2 ** (self.smallest - 0.5))


def _unsigned_step(bits: int) -> float:
    """The power of two next to the step that is best for a rectified normal variable (arXiv:1702.00953, table 1)."""
    return 2.0 ** (1 - bits) if bits <= 3 else 2.0 ** (2 - bits)  # noqa: PLR2004 - from 4 bits on, twice the range is better


EVEN = {
    **{f"int{bits}": EvenSteps(2.0 ** (1 - bits), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in SIGNED_BITS},
    **{f"uint{bits}": EvenSteps(_unsigned_step(bits), 0, 2**bits - 1) for bits in UNSIGNED_BITS},
}
"""int2 to int8: signed, in [-1, 1), as behind a hard tanh. uint1 to uint8: from 0 to about 2 (up to 3 bits) or 4, as
behind a ReLU.
"""

POWERS = {f"pow{bits}": PowersOfTwo(3 - 2**bits, 1) for bits in LOGARITHMIC_BITS}
"""pow2 to pow4: 0 and 2^bits - 1 powers of two up to 2, as behind a ReLU."""
