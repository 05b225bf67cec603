"""Plans by name, which nas.compressing.plan checks.

This module needs Python alone, as clients of the service read it.
"""

from collections.abc import Mapping
from typing import Any

from nas.errors import SpecError

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "deep-compression": {  # arXiv:1510.00149
        "stages": (
            {"name": "prune", "density": 0.1, "scope": "global"},
            {"name": "trained_quantization", "bits": 5},
            {"name": "entropy_coding"},
        ),
    },
    "mixed": {"stages": ({"name": "allocate"},)},  # arXiv:2011.10680
    "bnn": {  # arXiv:1602.02830
        "training": None,
        "images": "signed",
        "stages": ({"name": "binary"}, {"name": "entropy_coding", "coder": "raw", "numbers": "fp32"}),
    },
    "ttq": {"stages": ({"name": "ternary"}, {"name": "entropy_coding"})},  # arXiv:1612.01064
    **{
        f"qnn-w{weight}a{activation}": {  # arXiv:1609.07061
            "stages": (
                {"name": "uniform", "weight_bits": weight, "activation_bits": activation},
                {"name": "entropy_coding"},
            )
        }
        for weight, activation in ((1, 2), (4, 4))
    },
    "int8": {  # arXiv:1806.08342
        "stages": ({"name": "int8"}, {"name": "entropy_coding", "bias_bits": None}),
    },
}
"""Plans by name, in the form of plan files."""


SIZED = "allocate"
"""The compressor whose `max_bytes` a request sets by its own."""

TIMED = "int8"
"""The compressor whose `max_latency_ms` a request sets by its own."""


def content(compression: Mapping[str, Any]) -> Mapping[str, Any]:
    """The plan in a request, `{"preset": NAME}` or `{"plan": {...}}`, as it is written, unchecked.

    SpecError if there is no such preset.
    """
    if "plan" in compression:
        plan: Mapping[str, Any] = compression["plan"]
        return plan
    name = compression["preset"]
    if name not in PRESETS:
        raise SpecError(f"preset: there is no {name!r}; there are: {', '.join(PRESETS)}")
    return PRESETS[name]


def is_sized(plan: Mapping[str, Any]) -> bool:
    """Whether a plan, as it is written, makes a file of a given size."""
    return _has(plan, SIZED)


def is_timed(plan: Mapping[str, Any]) -> bool:
    """Whether a plan, as it is written, can make a file of a given latency."""
    return _has(plan, TIMED)


def _has(plan: Mapping[str, Any], name: str) -> bool:
    stages = plan.get("stages")
    return isinstance(stages, list | tuple) and any(isinstance(s, Mapping) and s.get("name") == name for s in stages)
