"""Where a network is beside a curve that does not reach its accuracy."""

from enum import StrEnum


class Outside(StrEnum):
    """Where a network is whose accuracy no part of a curve has."""

    ABOVE = "above"
    BELOW = "below"
