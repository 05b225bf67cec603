"""Block keys as ProxylessNAS and Once-for-All publish them: `kind-input:HxWxC-output:HxWxC-expand:..-kernel:..-...`.

Cai et al. 2019, "ProxylessNAS", the latency tables of the appendix; the fields after `output` are of mobile inverted
bottlenecks.
"""

import re
from collections.abc import Mapping

from latency_db.exchange.table import Features

_FIELD = re.compile(r"-(input|output|expand|kernel|stride|idskip|se|hs):([^-:]+)")
_SHAPE = re.compile(r"(\d+)x(\d+)x(\d+)|(\d+)")
_DEFAULT_KERNELS = {"Conv": 3}


def block_features(key: str) -> Features | None:
    """What a key says, with multiply-adds and input and output sizes; None if it is not written like this.

    `expand` is the number of channels in the middle where it is above 10, else the ratio.
    """
    kind = key.partition("-")[0]
    given = dict(_FIELD.findall(key[len(kind) :]))
    shapes = [_shape(given.get(side, "")) for side in ("input", "output")]
    if not kind or shapes[0] is None or shapes[1] is None:
        return None
    (height, width, inside), (out_height, out_width, outside) = shapes[0], shapes[1]
    features: dict[str, float | str] = {
        "block": kind,
        "input_size": float(height * width * inside),
        "output_size": float(out_height * out_width * outside),
        "channels_in": float(inside),
        "channels_out": float(outside),
        "macs": _macs(kind, given, shapes[0], shapes[1]),
    }
    return {**features, **{name: given[name] for name in ("kernel", "stride", "idskip", "se", "hs") if name in given}}


def _shape(text: str) -> tuple[int, int, int] | None:
    match = _SHAPE.fullmatch(text)
    if match is None:
        return None
    return (1, 1, int(match[4])) if match[4] else (int(match[1]), int(match[2]), int(match[3]))


def _macs(kind: str, given: Mapping[str, str], x: tuple[int, int, int], y: tuple[int, int, int]) -> float:
    (height, width, inside), (out_height, out_width, outside) = x, y
    if "kernel" not in given or "expand" not in given:
        kernel = _DEFAULT_KERNELS.get(kind, 1)
        return float(out_height * out_width * inside * outside * kernel**2)
    expand = float(given["expand"])
    middle = expand if expand > 10 else expand * inside  # noqa: PLR2004 - see block_features
    widening = height * width * inside * middle if middle != inside else 0.0
    return widening + out_height * out_width * middle * (float(given["kernel"]) ** 2 + outside)
