"""How a user asks for a compression: by a preset, or by a plan of their own."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, StrictFloat, StrictInt, WithJsonSchema, model_validator

from nas.compression.presets import PRESETS, SIZED, TIMED, content, is_sized, is_timed
from nas.registry import described


def _known_preset(name: str) -> str:
    if name not in PRESETS:
        raise ValueError(f"there is no preset {name!r}, only {', '.join(PRESETS)}")
    return name


class CompressionRequest(BaseModel):
    """How a network is made smaller: by a preset, or by a plan of your own, as `nas compress` reads it from a file.

    epochs: of each training in the plan, in place of the plan's; for a first try. max_bytes: of the compressed file;
    for the preset mixed, or a plan with its stage allocate. max_latency_ms: of an image on latency_device, a device in
    8-bit integers; for the preset int8, or a plan with its stage int8.
    """

    model_config = ConfigDict(
        extra="forbid", allow_inf_nan=False, json_schema_extra={"examples": [{"preset": "deep-compression"}]}
    )

    preset: Annotated[
        Annotated[str, AfterValidator(_known_preset), WithJsonSchema({"type": "string", "enum": list(PRESETS)})] | None,
        described("a plan that comes with nas", "one of preset and plan is needed"),
    ] = None
    plan: Annotated[
        dict[str, Any] | None,
        described("a plan of your own: its stages and their parameters (docs/compression.md)", "where no preset suits"),
    ] = None
    epochs: Annotated[
        StrictInt | None,
        described(
            "epochs of each training in the plan; none for the plan's own", "few for a first try", ge=1, le=100_000
        ),
    ] = None
    max_bytes: Annotated[
        StrictInt | None,
        described(
            "the most bytes of the compressed file, for the preset mixed or a plan with the stage allocate",
            "where a file has to fit",
            ge=1,
        ),
    ] = None
    max_latency_ms: Annotated[
        StrictFloat | None,
        described(
            "the most milliseconds of an image on latency_device, for the preset int8 or a plan with the stage int8; "
            "blocks stay in 32-bit floats where they can",
            "where a latency has to be kept, and integers cost accuracy",
            gt=0,
            le=1e6,
        ),
    ] = None
    latency_device: Annotated[
        str | None,
        described(
            "the device of max_latency_ms, in 8-bit integers, such as local-onnxruntime_cpu-int8-1t",
            "with max_latency_ms",
            min_length=1,
            max_length=200,
        ),
    ] = None

    @model_validator(mode="after")
    def _one(self) -> "CompressionRequest":
        if (self.preset is None) == (self.plan is None):
            raise ValueError("give either preset or plan")
        if self.max_bytes is not None and not is_sized(content(self.wanted())):
            raise ValueError(f"max_bytes is for plans with a stage {SIZED}, as the preset mixed has; leave it out")
        if (self.max_latency_ms is None) != (self.latency_device is None):
            raise ValueError("max_latency_ms and latency_device go together; `GET /v1/devices` has the devices")
        if self.max_latency_ms is not None and not is_timed(content(self.wanted())):
            raise ValueError(f"max_latency_ms is for plans with a stage {TIMED}, as the preset int8 has; leave it out")
        return self

    def wanted(self) -> dict[str, Any]:
        """As nas.compressing.plan.requested takes it."""
        return self.model_dump(exclude_none=True)
