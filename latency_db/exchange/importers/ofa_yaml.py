"""Block tables of ProxylessNAS and Once-for-All: YAML, block key to mean, std (or var) and count."""

from collections.abc import Iterator

import yaml

from latency_db.errors import TableFormatError
from latency_db.exchange.block_key import block_features
from latency_db.exchange.importer import Importer, Origin, importer, number
from latency_db.exchange.table import RowKind, TableRow
from latency_db.exchange.yaml_tree import items, line, parse


@importer("ofa_yaml")
class OfaYaml(Importer):
    def rows(self, text: str, origin: Origin) -> Iterator[TableRow]:
        device = origin.named_device()
        for key, value in items(parse(text), "the table"):
            features = block_features(key)
            if features is None:
                raise TableFormatError(
                    f"line {line(value)}: {key!r} is no block key `KIND-input:HxWxC-output:HxWxC...`"
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
