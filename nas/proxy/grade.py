"""The grades of a proxy."""

from enum import StrEnum


class Grade(StrEnum):
    GOOD = "good"
    USABLE = "usable"
    POOR = "poor"
