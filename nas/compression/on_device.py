"""What a compressed file takes on the device that it was made for.

This module needs Python alone, as clients of the service read it.
"""

from collections.abc import Mapping
from typing import Any

from nas.compression.device_latencies import TargetDevice


def measured_on(target: TargetDevice, file: bytes) -> dict[str, Any]:
    """The row `on_device` of the report of a compression. file: the .onnx."""
    return {"device": target.name, "latency_ms": target.latency_ms(file)}


def on_device(report: Mapping[str, Any]) -> str:
    """What the file takes on the device that it is for, and what stayed in floats for that, in words."""
    notes = next(stage["notes"] for stage in report["stages"] if "latency" in stage["notes"])
    latency, members, found = notes["latency"], notes["members"], report["on_device"]["latency_ms"]
    stay = ", ".join(str(row["member"]) for row in members if row["floats"])
    kept = f"Blocks {stay} stay in floats." if stay else "No block stays in floats."
    alike = f"{latency['floats_ms']:.3g} ms in floats, {latency['integers_ms']:.3g} ms in integers"
    if found is None:
        how = f"about {latency['summed_ms']:.3g} ms by the latencies of its blocks, not measured"
    else:
        how = f"{found:.3g} ms measured end to end, {latency['summed_ms']:.3g} ms by its blocks"
        if found > latency["max_latency_ms"]:
            kept += f" This is more than the {latency['max_latency_ms']:.3g} ms asked for: give less."
    return f"On {latency['device']} {how}; {alike}. {kept}"
