"""Estimates of latency."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from api.schemas.common import Received, Sent

MAX_NOTATION = 100_000
"""Characters."""


class EstimateBody(Received):
    """A device and a network: by name, in notation, or as the architecture of a trial."""

    device: Annotated[str, Field(max_length=200, examples=["local-cpu-1t"])]
    network: Annotated[
        str | None,
        Field(
            max_length=MAX_NOTATION,
            description="a name of the catalogue's networks, or notation",
            examples=["1x28x28: conv_16_k3_s2 gap linear_10", "mobilenetv1"],
        ),
    ] = None
    width: Annotated[float | None, Field(description="of a network by name: multiplier of its channels")] = None
    resolution: Annotated[int | None, Field(description="of a network by name: sides of its input in pixels")] = None
    classes: Annotated[int | None, Field(description="of a network by name: scores of its output")] = None
    architecture: Annotated[dict[str, Any] | None, Field(description="as a trial shows it")] = None

    @model_validator(mode="after")
    def _either(self) -> Self:
        if (self.network is None) == (self.architecture is None):
            raise ValueError("give either network or architecture")
        return self

    @property
    def parameters(self) -> dict[str, float]:
        """Those that are given."""
        given = {"width": self.width, "resolution": self.resolution, "classes": self.classes}
        return {name: value for name, value in given.items() if value is not None}


class LatencyEstimate(Sent):
    """Latency of one run at batch 1. source: measured end to end, summed over kernels, interpolated if some of these
    were not measured themselves, or transferred from other devices by a few whole networks.

    Nine networks in ten lie between low_ms and high_ms when they are measured; measured, interpolated and learned are
    the shares of what the latency rests on, and add up to 1. error_ms: how well the measurements repeat. All three
    times are null where that is unknown. suspect: records from unsteady sessions.
    """

    device: str
    ms: float
    low_ms: float | None = None
    high_ms: float | None = None
    error_ms: float | None = None
    source: str
    measured: float
    interpolated: float
    learned: float
    kernels: int
    suspect: int
