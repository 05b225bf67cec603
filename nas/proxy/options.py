"""What a proxy check is asked for beside the spec of the search."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

FEWEST = 4
"""Orders of fewer networks say nothing."""


class CheckOptions(BaseModel):
    """How thorough a proxy check is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    candidates: Annotated[
        int, Field(ge=FEWEST, le=100, strict=True, description="networks whose two orders are compared")
    ] = 10
    repeats: Annotated[
        int, Field(ge=2, le=20, strict=True, description="trainings of one network, with a seed each")
    ] = 3
    longer_epochs: Annotated[
        int | None,
        Field(ge=1, le=100_000, strict=True, description="epochs of the longer training; null: as for finalists"),
    ] = None

    @property
    def trainings(self) -> int:
        """How many there are, short and longer ones together."""
        return 2 * self.candidates + self.repeats - 1
