"""What becomes of pictures that cannot be read."""

from enum import StrEnum


class OnDamaged(StrEnum):
    """Whether they are an error, or are left out and told."""

    REFUSE = "refuse"
    SKIP = "skip"
