"""Block tables of ProxylessNAS and Once-for-All: YAML, block key to mean, std (or var) and count.

Keys are `kind-input:HxWxC-output:HxWxC-expand:..-kernel:..-...` (Cai et al. 2019, "ProxylessNAS", appendix); the fields
after `output` are of mobile inverted bottlenecks.
"""

import re
from collections.abc import Iterator, Mapping

import yaml

from latency_db.errors import TableFormatError
from latency_db.exchange.importer import Importer, Origin, importer, number
from latency_db.exchange.table import Features, RowKind, TableRow
from latency_db.exchange.yaml_tree import items, line, parse

_FIELD = re.compile(r"-(input|output|expand|kernel|stride|idskip|se|hs):([^-:]+)")
_SHAPE = re.compile(r"(\d+)x(\d+)x(\d+)|(\d+)")
_DEFAULT_KERNELS = {"Conv": 3}


@importer("ofa_yaml")
class OfaYaml(Importer):
    def rows(self, text: str, origin: Origin) -> Iterator[TableRow]:
        device = origin.named_device()
        for key, value in items(parse(text), "the table"):
            features = block_features(key)
            if features is None:
                raise TableFormatError(
                    f"line {line(value)}: {key!r} is not a block key `KIND-input:HxWxC-output:HxWxC...`"
                )
            given = {name: _scalar(node, key) for name, node in items(value, key)}
            if "mean" not in given:
                raise TableFormatError(
                    f"line {line(value)}: {key!r} has no mean; correct the file or leave the row out"
                )
            std = given["var"] ** 0.5 if given.get("var", -1) >= 0 else given.get("std")
            yield TableRow(
                key,
                RowKind.BLOCK,
                device,
                origin.ms(given["mean"]),
                None if std is None else origin.ms(std),
                int(given["count"]) if "count" in given else None,
                features,
            )


def _scalar(node: yaml.Node, key: str) -> float:
    return number(str(node.value), f"line {line(node)}, {key!r}")


def block_features(key: str) -> Features | None:
    """Features in a block key, with multiply-adds and input and output sizes; None for a key of another form.

    `expand` above 10 is the number of channels between the convolutions, else their ratio to the input's.
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
    """Multiply-adds of a block with input x and output y as (height, width, channels)."""
    (height, width, inside), (out_height, out_width, outside) = x, y
    if "kernel" not in given or "expand" not in given:
        kernel = _DEFAULT_KERNELS.get(kind, 1)
        return float(out_height * out_width * inside * outside * kernel**2)
    expand = float(given["expand"])
    middle = expand if expand > 10 else expand * inside  # noqa: PLR2004 - see block_features
    widening = height * width * inside * middle if middle != inside else 0.0
    return widening + out_height * out_width * middle * (float(given["kernel"]) ** 2 + outside)
